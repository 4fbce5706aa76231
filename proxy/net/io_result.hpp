// How an operation on a byte stream ended.
//
// Threads: any (values).
#pragma once

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>

namespace fairlead::net {

using error_code = boost::system::error_code;

struct IoResult {
    enum class Status : std::uint8_t {
        done,       // `size` bytes, at least one
        blocked,    // nothing now
        ended,      // the peer has sent all it will send
        cancelled,  // we gave up waiting, or closed
        failed,     // `error` is errno
    };

    Status status = Status::blocked;
    int error = 0;
    std::size_t size = 0;

    static IoResult done(std::size_t n) noexcept { return {Status::done, 0, n}; }
    static IoResult of(Status status) noexcept { return {status, 0, 0}; }
    static IoResult failed(int error) noexcept { return {Status::failed, error, 0}; }

    bool is_done() const noexcept { return status == Status::done; }
    bool is_blocked() const noexcept { return status == Status::blocked; }
    bool is_ended() const noexcept { return status == Status::ended; }

    /// For logs; empty after success.
    error_code code() const noexcept;
};

/// For logs: what `cancelled` and `ended` are called.
error_code cancelled_error() noexcept;

}  // namespace fairlead::net
