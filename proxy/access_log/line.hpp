// The line being written: puts follow each other into room that the caller has made sure of
// (most_line_bytes); what comes from outside has a budget of its own.
//
// Threads: one worker.
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/base/copy_text.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fairlead::access_log {

/// How much of a line each text from outside may take, escapes included. A longer one is cut.
namespace budget {
inline constexpr std::size_t word = 128;  // addresses, ids, TLS version and cipher
inline constexpr std::size_t method = 64;
inline constexpr std::size_t host = 512;
inline constexpr std::size_t path = 4096;
inline constexpr std::size_t query = 4096;
inline constexpr std::size_t target = path + query;
inline constexpr std::size_t header = 2048;  // referer, user agent
inline constexpr std::size_t name = 512;     // service, endpoint, SNI
inline constexpr std::size_t proxied = 256;  // what a PROXY header says besides
inline constexpr std::size_t rest = 1024;    // everything that is ours: keys, numbers, codes
}  // namespace budget

/// No line is longer.
inline constexpr std::size_t most_line_bytes =
    6 * budget::word + budget::method + budget::host + budget::target + 2 * budget::header +
    3 * budget::name + 3 * budget::proxied + budget::rest;
static_assert(most_line_bytes <= 17 * 1024, "docs/access-log.md says so");

class Line {
public:
    explicit Line(char* out) noexcept : at_(out) {}

    template <std::size_t size>
    void put(const char (&text)[size]) noexcept {
        std::memcpy(at_, text, size - 1);
        at_ += size - 1;
    }
    /// Of ours: short, and nothing in it needs an escape.
    void put_own(std::string_view text) noexcept { at_ = copy_text(at_, text); }
    void put_number(std::uint64_t number) noexcept {
        constexpr std::size_t most_digits = 20;
        at_ = std::to_chars(at_, at_ + most_digits, number).ptr;
    }
    void put_microseconds(Duration took) noexcept {
        const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
        put_number(us > 0 ? static_cast<std::uint64_t>(us) : 0);
    }
    /// `escape`: escape_json or escape_text.
    template <class Escape>
    void put_foreign(Escape escape, std::string_view text, std::size_t room) noexcept {
        at_ = escape(at_, text, room);
    }

    char* end() const noexcept { return at_; }

private:
    char* at_;
};

}  // namespace fairlead::access_log
