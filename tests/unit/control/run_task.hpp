// Runs one coroutine to its end on the test's own io_context.
//
// Threads: the test's.
#pragma once

#include "proxy/aio/spawn.hpp"
#include "proxy/aio/types.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace fairlead::test {

template <class T>
aio::task<> keep_result(aio::task<T> work, std::optional<T>& result) {
    auto value = co_await std::move(work);
    result.emplace(std::move(value));
}

/// Fails the test after 20 s.
template <class T>
T run_task(aio::IoContext& io, aio::task<T> work) {
    std::optional<T> result;
    aio::spawn(io.get_executor(), "test", keep_result(std::move(work), result));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    io.restart();
    while (!result && std::chrono::steady_clock::now() < deadline) {
        if (io.run_one_until(deadline) == 0) io.restart();
    }
    REQUIRE(result);
    return std::move(*result);
}

/// Runs the io_context until `condition` holds; false: not within `patience`.
template <class Condition>
bool eventually(aio::IoContext& io, std::chrono::milliseconds patience, Condition&& condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        io.restart();
        io.run_one_for(std::chrono::milliseconds(10));
    }
    return true;
}

}  // namespace fairlead::test
