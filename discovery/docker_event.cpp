#include "discovery/docker_event.hpp"

#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>

namespace fairlead::discovery {
namespace {

std::optional<int> whole(std::string_view text) noexcept {
    int value = 0;
    const auto* end = text.data() + text.size();
    const auto [at, ec] = std::from_chars(text.data(), end, value);
    if (ec != std::errc{} || at != end || value < 0) return std::nullopt;
    return value;
}

// The kernel's own numbers: libc's SIGRTMIN hides the two it keeps for itself, engines say 34 too.
constexpr int first_realtime = 34;
constexpr int last_realtime = 64;

}  // namespace

int signal_number(std::string_view text) noexcept {
    if (const auto number = whole(text)) return *number <= last_realtime ? *number : 0;
    if (text.starts_with("SIG")) text.remove_prefix(3);
    int base = 0;
    int sign = 1;
    if (text.starts_with("RTMIN")) base = first_realtime;
    if (text.starts_with("RTMAX")) base = last_realtime, sign = -1;
    if (base != 0) {
        text.remove_prefix(5);
        if (text.empty()) return base;
        const auto offset = whole(text.substr(1));
        if (!offset || text.front() != (sign > 0 ? '+' : '-')) return 0;
        const int number = base + sign * *offset;
        return number >= first_realtime && number <= last_realtime ? number : 0;
    }
    for (int number = 1; number < 32; ++number) {
        const char* name = sigabbrev_np(number);
        if (name != nullptr && text == name) return number;
    }
    return 0;
}

}  // namespace fairlead::discovery
