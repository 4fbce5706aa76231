// Just enough HTTP/1.1 for a benchmark's two ends: split a head into fields, decode a body.
// Both peers are trusted; this is no parser for the open network.
//
// Threads: one (values).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::bench {

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
bool contains_token(std::string_view list, std::string_view token) noexcept;

/// Length of the head including its empty line, 0 while it is incomplete.
std::size_t head_length(std::string_view buffer) noexcept;

std::optional<std::uint64_t> parse_number(std::string_view text, int base = 10) noexcept;

/// Walks the fields of a complete head: `while (fields.next()) use(fields.name(), fields.value());`
class FieldWalk {
public:
    explicit FieldWalk(std::string_view head) noexcept;
    std::string_view start_line() const noexcept { return start_line_; }
    bool next() noexcept;
    std::string_view name() const noexcept { return name_; }
    std::string_view value() const noexcept { return value_; }

private:
    std::string_view take_line() noexcept;

    std::string_view rest_;
    std::string_view start_line_;
    std::string_view name_;
    std::string_view value_;
};

/// Finds the pieces of one body in what arrives.
class BodyDecoder {
public:
    static BodyDecoder none() { return BodyDecoder(Phase::done, 0); }
    static BodyDecoder length(std::uint64_t bytes) {
        return BodyDecoder(bytes > 0 ? Phase::data : Phase::done, bytes);
    }
    static BodyDecoder chunked() { return BodyDecoder(Phase::size, 0); }
    static BodyDecoder until_close() { return BodyDecoder(Phase::endless, 0); }

    struct Step {
        std::size_t consumed = 0;  // 0: more bytes are needed (or done, or failed)
        std::string_view payload;  // may be empty while framing is consumed
    };
    /// The next piece at the start of `in`.
    Step next(std::string_view in) noexcept;

    bool done() const noexcept { return phase_ == Phase::done; }
    bool failed() const noexcept { return phase_ == Phase::failed; }
    bool ends_with_connection() const noexcept { return phase_ == Phase::endless; }

private:
    enum class Phase : std::uint8_t {
        data,
        size,
        chunk,
        chunk_end,
        trailers,
        endless,
        done,
        failed
    };
    BodyDecoder(Phase phase, std::uint64_t remaining) : phase_(phase), remaining_(remaining) {}
    Step take_line(std::string_view in) noexcept;

    Phase phase_;
    std::uint64_t remaining_;
};

}  // namespace fairlead::bench
