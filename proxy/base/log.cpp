#include "proxy/base/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace fairlead::log {
namespace {

// Nothing is logged before start(): unit tests stay quiet.
std::shared_ptr<spdlog::logger>& logger() {
    static std::shared_ptr<spdlog::logger> instance;
    return instance;
}
std::atomic<int> lowest_level{static_cast<int>(Level::error) + 1};

constexpr std::size_t queue_lines = 8192;

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warn:
            return spdlog::level::warn;
        case Level::error:
            break;
    }
    return spdlog::level::err;
}

// As --log-level names them.
std::string_view name_of(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warn:
            return "warn";
        case Level::error:
            break;
    }
    return "error";
}

bool needs_quotes(std::string_view value) {
    if (value.empty()) return true;
    for (char c : value) {
        if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '=' || c == '\\' || c == 0x7f)
            return true;
    }
    return false;
}

void append_value(std::string& out, std::string_view value) {
    if (!needs_quotes(value)) {
        out.append(value);
        return;
    }
    out.push_back('"');
    for (char c : value) {
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

}  // namespace

void start(Level lowest) {
    spdlog::init_thread_pool(queue_lines, 1);
    logger() = std::make_shared<spdlog::async_logger>(
        "fairlead", std::make_shared<spdlog::sinks::stderr_sink_mt>(), spdlog::thread_pool(),
        spdlog::async_overflow_policy::overrun_oldest);
    logger()->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %v");
    logger()->set_level(spdlog::level::trace);
    logger()->flush_on(spdlog::level::trace);
    lowest_level.store(static_cast<int>(lowest), std::memory_order_relaxed);
}

void stop() {
    lowest_level.store(static_cast<int>(Level::error) + 1, std::memory_order_relaxed);
    spdlog::shutdown();  // first: it waits for the thread that writes through the logger
    logger().reset();
}

bool enabled(Level level) noexcept {
    return static_cast<int>(level) >= lowest_level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view event, const Pair* pairs, std::size_t count) {
    std::string text(name_of(level));
    text.append(" ").append(event);
    for (std::size_t i = 0; i < count; ++i) {
        text.push_back(' ');
        text.append(pairs[i].key);
        text.push_back('=');
        append_value(text, pairs[i].value);
    }
    if (logger()) logger()->log(to_spdlog(level), "{}", text);
}

}  // namespace fairlead::log
