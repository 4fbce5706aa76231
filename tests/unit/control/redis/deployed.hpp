// A Redis deployment on an io_context of the test's own.
//
// Threads: the test's.
#pragma once

#include "control/redis/redis_deployment.hpp"
#include "tests/unit/control/redis/connected.hpp"
#include "tests/unit/control/run_task.hpp"

#include <memory>
#include <string>
#include <utility>

namespace fairlead::test {

struct Deployed {
    explicit Deployed(const control::RedisTarget& target)
        : redis(control::open_redis(io, target)) {}
    ~Deployed() {
        redis->stop();
        io.restart();
        io.run_for(5s);
    }
    Deployed(const Deployed&) = delete;
    Deployed& operator=(const Deployed&) = delete;

    /// The text of its reply, or the problem.
    std::string ask(control::RedisCommand command) {
        const auto replies = run_task(io, redis->run(one(std::move(command))));
        return replies ? replies->at(0).text : replies.error().text();
    }

    aio::IoContext io{1};
    std::unique_ptr<control::RedisDeployment> redis;
};

}  // namespace fairlead::test
