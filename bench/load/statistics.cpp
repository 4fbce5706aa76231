#include "bench/load/statistics.hpp"

#include <algorithm>
#include <bit>
#include <cstdarg>
#include <cstdio>

namespace fairlead::bench {

namespace {

[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...) {
    std::array<char, 512> text{};
    va_list arguments;
    va_start(arguments, pattern);
    std::vsnprintf(text.data(), text.size(), pattern, arguments);
    va_end(arguments);
    return text.data();
}

using ulong = unsigned long;

}  // namespace

std::size_t LatencyHistogram::index(std::uint64_t value) noexcept {
    if (value < sub_buckets) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - sub_bits - 1;
    return sub_buckets * (shift + 1) + (value >> shift) - sub_buckets;
}

std::uint64_t LatencyHistogram::upper_end(std::size_t index) noexcept {
    if (index < sub_buckets) return index;
    const auto shift = index / sub_buckets - 1;
    return ((index % sub_buckets + sub_buckets + 1) << shift) - 1;
}

void LatencyHistogram::record(std::chrono::nanoseconds value) noexcept {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
    ++buckets_[index(ns)];
    ++count_;
    sum_ += ns;
    max_ = std::max(max_, ns);
}

void LatencyHistogram::merge(const LatencyHistogram& other) noexcept {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
}

double LatencyHistogram::quantile_us(double quantile) const noexcept {
    const auto rank = std::max<std::uint64_t>(
        static_cast<std::uint64_t>(quantile * static_cast<double>(count_) + 0.5), 1);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size() && count_ > 0; ++i) {
        seen += buckets_[i];
        if (seen >= rank) return static_cast<double>(std::min(upper_end(i), max_)) / 1000;
    }
    return 0;
}

double LatencyHistogram::mean_us() const noexcept {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_) / 1000;
}

std::string_view name_of(LoadError error) noexcept {
    switch (error) {
        case LoadError::connect:
            return "connect";
        case LoadError::reset:
            return "reset";
        case LoadError::closed:
            return "closed";
        case LoadError::truncated:
            return "truncated";
        case LoadError::malformed:
            return "malformed";
        case LoadError::timeout:
            return "timeout";
        case LoadError::unfinished:
            return "unfinished";
        case LoadError::unsent:
            return "unsent";
        case LoadError::count_:
            break;
    }
    return "unknown";
}

std::uint64_t Statistics::total_errors() const noexcept {
    std::uint64_t total = 0;
    for (const auto count : errors) total += count;
    return total;
}

void Statistics::merge(const Statistics& other) noexcept {
    latency.merge(other.latency);
    for (std::size_t i = 0; i < statuses.size(); ++i) statuses[i] += other.statuses[i];
    for (std::size_t i = 0; i < errors.size(); ++i) errors[i] += other.errors[i];
    connects += other.connects;
    bytes += other.bytes;
}

std::string Statistics::to_json(double seconds) const {
    auto text =
        format("{\"seconds\": %.3f, \"requests\": %lu, \"requests_per_second\": %.1f, ", seconds,
               ulong{latency.count()}, static_cast<double>(latency.count()) / seconds);
    text += format(
        "\"latency_us\": {\"mean\": %.1f, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, "
        "\"p99_9\": %.1f, \"max\": %.1f}, ",
        latency.mean_us(), latency.quantile_us(0.5), latency.quantile_us(0.9),
        latency.quantile_us(0.99), latency.quantile_us(0.999), latency.max_us());
    text += "\"status\": {";
    const char* separator = "";
    for (std::size_t code = 0; code < statuses.size(); ++code) {
        if (statuses[code] == 0) continue;
        text += format("%s\"%zu\": %lu", separator, code, ulong{statuses[code]});
        separator = ", ";
    }
    text += "}, \"errors\": {";
    separator = "";
    for (std::size_t i = 0; i < errors.size(); ++i) {
        text += format("%s\"%s\": %lu", separator, name_of(static_cast<LoadError>(i)).data(),
                       ulong{errors[i]});
        separator = ", ";
    }
    text += format("}, \"connects\": %lu, \"bytes\": %lu}", ulong{connects}, ulong{bytes});
    return text;
}

std::string Statistics::to_text(double seconds) const {
    auto text = format("requests    %lu in %.2f s, %.1f/s\n", ulong{latency.count()}, seconds,
                       static_cast<double>(latency.count()) / seconds);
    text += format("latency us  mean %.0f  p50 %.0f  p90 %.0f  p99 %.0f  p99.9 %.0f  max %.0f\n",
                   latency.mean_us(), latency.quantile_us(0.5), latency.quantile_us(0.9),
                   latency.quantile_us(0.99), latency.quantile_us(0.999), latency.max_us());
    text += "statuses   ";
    for (std::size_t code = 0; code < statuses.size(); ++code) {
        if (statuses[code] > 0) text += format(" %zu: %lu", code, ulong{statuses[code]});
    }
    text += "\nerrors     ";
    for (std::size_t i = 0; i < errors.size(); ++i) {
        if (errors[i] > 0)
            text += format(" %s: %lu", name_of(static_cast<LoadError>(i)).data(), ulong{errors[i]});
    }
    if (total_errors() == 0) text += " none";
    text += format("\nreceived    %lu bytes over %lu connections\n", ulong{bytes}, ulong{connects});
    return text;
}

}  // namespace fairlead::bench
