// What the origin answers to which path: the table that --help prints.
//
// Threads: one.
#pragma once

#include "bench/origin/request.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::bench {

struct Answer {
    enum class Kind : std::uint8_t {
        plain,   // the request's body is read first
        echo,    // the request's body comes back as it arrives
        tunnel,  // 101, then every byte comes back
        early,   // answered before the body is read, then closed
    };
    enum class Framing : std::uint8_t { length, chunked, until_close };

    Kind kind = Kind::plain;
    Framing framing = Framing::length;
    unsigned status = 200;
    std::string body;             // sent before what is generated
    std::uint64_t generated = 0;  // bytes of the pattern 0123456789abcdef
    std::chrono::milliseconds delay{0};
};

Answer answer_for(const Request& request, const std::string& origin_name);

std::string_view reason_phrase(unsigned status) noexcept;

extern const char* const paths_help;

}  // namespace fairlead::bench
