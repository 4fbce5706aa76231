#include "bench/common/http_text.hpp"

#include <algorithm>
#include <charconv>
#include <string.h>

namespace fairlead::bench {

namespace {

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool contains_token(std::string_view list, std::string_view token) noexcept {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        if (equals_ignoring_case(trim(list.substr(0, comma)), token)) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

std::size_t head_length(std::string_view buffer) noexcept {
    const void* end = ::memmem(buffer.data(), buffer.size(), "\r\n\r\n", 4);
    if (end == nullptr) return 0;
    return static_cast<std::size_t>(static_cast<const char*>(end) - buffer.data()) + 4;
}

std::optional<std::uint64_t> parse_number(std::string_view text, int base) noexcept {
    std::uint64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

FieldWalk::FieldWalk(std::string_view head) noexcept : rest_(head) {
    start_line_ = take_line();
}

std::string_view FieldWalk::take_line() noexcept {
    const auto end = rest_.find("\r\n");
    if (end == std::string_view::npos) return {};
    const auto line = rest_.substr(0, end);
    rest_.remove_prefix(end + 2);
    return line;
}

bool FieldWalk::next() noexcept {
    const auto line = take_line();
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    name_ = line.substr(0, colon);
    value_ = trim(line.substr(colon + 1));
    return true;
}

BodyDecoder::Step BodyDecoder::take_line(std::string_view in) noexcept {
    const auto end = in.find("\r\n");
    if (end == std::string_view::npos) {
        if (in.size() > 8192) phase_ = Phase::failed;
        return {};
    }
    return {end + 2, in.substr(0, end)};
}

BodyDecoder::Step BodyDecoder::next(std::string_view in) noexcept {
    switch (phase_) {
        case Phase::endless:
            return {in.size(), in};
        case Phase::data:
        case Phase::chunk: {
            const auto piece = in.substr(
                0, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, in.size())));
            remaining_ -= piece.size();
            if (remaining_ == 0) phase_ = phase_ == Phase::data ? Phase::done : Phase::chunk_end;
            return {piece.size(), piece};
        }
        case Phase::chunk_end: {
            if (in.size() < 2) return {};
            phase_ = in.starts_with("\r\n") ? Phase::size : Phase::failed;
            return {phase_ == Phase::failed ? 0U : 2U, {}};
        }
        case Phase::size: {
            const auto line = take_line(in);
            if (line.consumed == 0) return {};
            const auto digits = trim(line.payload.substr(0, line.payload.find(';')));
            const auto size = parse_number(digits, 16);
            if (!size) {
                phase_ = Phase::failed;
                return {};
            }
            remaining_ = *size;
            phase_ = remaining_ == 0 ? Phase::trailers : Phase::chunk;
            return {line.consumed, {}};
        }
        case Phase::trailers: {
            const auto line = take_line(in);
            if (line.consumed > 0 && line.payload.empty()) phase_ = Phase::done;
            return {line.consumed, {}};
        }
        case Phase::done:
        case Phase::failed:
            break;
    }
    return {};
}

}  // namespace fairlead::bench
