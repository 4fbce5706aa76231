#include "proxy/access_log/timestamp.hpp"

#include <fmt/format.h>

#include <chrono>

namespace fairlead::access_log {
namespace {

constexpr std::int64_t per_second = 1000;
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Calendar {
    explicit Calendar(std::int64_t second)
        : day(std::chrono::floor<std::chrono::days>(
              std::chrono::sys_seconds(std::chrono::seconds(second)))),
          time(std::chrono::sys_seconds(std::chrono::seconds(second)) -
               std::chrono::sys_days(day)) {}

    std::chrono::year_month_day day;
    std::chrono::hh_mm_ss<std::chrono::seconds> time;
};

}  // namespace

void WallClock::compare(TimePoint moment) noexcept {
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    ahead_ = std::chrono::duration_cast<Duration>(wall) - Clock::now().time_since_epoch();
    compare_at_ = moment + 1s;
}

std::string_view Rfc3339Text::at(std::int64_t milliseconds) noexcept {
    const auto second = milliseconds / per_second;
    if (second != second_) {
        second_ = second;
        const Calendar now(second);
        fmt::format_to_n(text_.data(), text_.size(), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z",
                         static_cast<int>(now.day.year()), static_cast<unsigned>(now.day.month()),
                         static_cast<unsigned>(now.day.day()), now.time.hours().count(),
                         now.time.minutes().count(), now.time.seconds().count());
    }
    const auto rest = static_cast<unsigned>(milliseconds % per_second);
    text_[20] = static_cast<char>('0' + rest / 100);
    text_[21] = static_cast<char>('0' + rest / 10 % 10);
    text_[22] = static_cast<char>('0' + rest % 10);
    return {text_.data(), text_.size()};
}

std::string_view CommonLogText::at(std::int64_t milliseconds) noexcept {
    const auto second = milliseconds / per_second;
    if (second != second_) {
        second_ = second;
        const Calendar now(second);
        fmt::format_to_n(text_.data(), text_.size(), "{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000",
                         static_cast<unsigned>(now.day.day()),
                         months[static_cast<unsigned>(now.day.month()) - 1],
                         static_cast<int>(now.day.year()), now.time.hours().count(),
                         now.time.minutes().count(), now.time.seconds().count());
    }
    return {text_.data(), text_.size()};
}

}  // namespace fairlead::access_log
