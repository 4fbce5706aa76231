// The embedded store's file as text: JSON lines for people to read, each with a checksum.
//
//   {"fairlead_store":2,"crc32":"..."}
//   {"do":[["set_frontend","x.com","web"]],"crc32":"..."}
//   {"at":"2026-11-21T10:00:00.123Z","by":"api
//   127.0.0.1:4711","do":[["set_server","web","10.0.0.1:80","0"]],"crc32":"..."}
//
// Below the header each line is one change that was applied as a whole; read from the first to the
// last they make the contents. A line counts when it ends with a newline and its checksum, which is
// that of everything before it, holds.
//
// Threads: any (pure).
#pragma once

#include "control/store/store.hpp"
#include "proxy/base/clock.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

std::string store_line(const std::vector<StoreChange>& changes, std::string_view who, WallTime at);

/// A whole new file: the header, and one line for each frontend and backend.
std::string store_text(const StoreContents& contents);

struct StoreReading {
    StoreContents contents;
    std::size_t end = 0;      // of the last good line: what is behind it is to be cut off
    std::size_t damaged = 0;  // whole lines that do not count; good ones are read all the same
    int version = 0;          // what the header says; 0: it does not hold
};

/// Never fails: what counts is read, the rest is counted. Of another version nothing is read.
StoreReading read_store_text(std::string_view text);

inline constexpr int store_version = 2;

}  // namespace fairlead::control
