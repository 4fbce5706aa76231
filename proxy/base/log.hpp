// One line an event: `time level event key=value ...` on standard error.
//
// Events are fixed strings ("docker.connected"), data are keys. Header values and credentials are
// never logged. The access log is not written here (see access_log/writer.hpp).
//
// Threads: any. Lines are handed to a background thread; a full queue drops the oldest, never
// blocks.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace fairlead::log {

enum class Level { debug, info, warn, error };

struct Pair {
    std::string_view key;
    std::string value;
};

template <class T>
Pair kv(std::string_view key, const T& value) {
    return Pair{key, fmt::format("{}", value)};
}

/// Call once, before the first line, from main. Lines below `lowest` are dropped.
void start(Level lowest);
/// Flushes and stops the background thread.
void stop();

bool enabled(Level level) noexcept;
void write(Level level, std::string_view event, const Pair* pairs, std::size_t count);

template <class... Pairs>
void line(Level level, std::string_view event, const Pairs&... pairs) {
    if (!enabled(level)) return;
    const Pair list[] = {pairs..., Pair{}};
    write(level, event, list, sizeof...(pairs));
}
template <class... Pairs>
void debug(std::string_view event, const Pairs&... pairs) {
    line(Level::debug, event, pairs...);
}
template <class... Pairs>
void info(std::string_view event, const Pairs&... pairs) {
    line(Level::info, event, pairs...);
}
template <class... Pairs>
void warn(std::string_view event, const Pairs&... pairs) {
    line(Level::warn, event, pairs...);
}
template <class... Pairs>
void error(std::string_view event, const Pairs&... pairs) {
    line(Level::error, event, pairs...);
}

}  // namespace fairlead::log
