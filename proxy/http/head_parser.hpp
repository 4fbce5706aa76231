// Reads the head of an HTTP/1.x message, strictly, line by line as the bytes come.
//
// The grammar is RFC 9112 without its leniencies: lines end in CRLF and nothing else, names are
// tokens with the colon right behind them, values have no control characters and are never folded.
// What a peer may have read differently is refused, not repaired. The meaning of the fields is not
// looked at here: see framing.hpp.
//
// Threads: one worker. Cost: one pass over the bytes, however many pieces they come in.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/http/message.hpp"

#include <cstddef>
#include <string_view>

namespace fairlead::http {

struct HeadLimits {
    std::size_t bytes = 64 * 1024;
    std::size_t fields = 128;
};

enum class ParseStatus : std::uint8_t { incomplete, complete, failed };

/// For both kinds of heads. After `incomplete`, call again with the same bytes and more behind
/// them, at the same place in memory; if they have moved, restart() first.
class HeadParser {
public:
    ParseStatus parse_request(std::string_view data, const HeadLimits& limits, RequestHead& head);
    ParseStatus parse_response(std::string_view data, const HeadLimits& limits, ResponseHead& head);
    /// A trailer section: fields up to an empty line.
    ParseStatus parse_trailers(std::string_view data, const HeadLimits& limits,
                               std::vector<Field>& fields);

    void restart() noexcept { *this = HeadParser(); }

    /// Bytes of the head, its empty line included. After `complete`.
    std::size_t size() const noexcept { return at_; }
    /// After `failed`.
    Reason reason() const noexcept { return reason_; }
    /// Whether anything but empty lines has been seen.
    bool has_begun() const noexcept { return has_begun_; }

private:
    enum class Line : std::uint8_t { none, some, bad };

    /// The next whole line without its CRLF; none while its end is missing.
    Line next_line(std::string_view data, std::string_view& line);
    ParseStatus parse_fields(std::string_view data, const HeadLimits& limits,
                             std::vector<Field>& fields);
    bool parse_request_line(std::string_view line, RequestHead& head);
    bool parse_target(std::string_view target, RequestHead& head);
    bool parse_status_line(std::string_view line, ResponseHead& head);
    ParseStatus fail(Reason reason) noexcept {
        reason_ = reason;
        return ParseStatus::failed;
    }

    std::size_t at_ = 0;       // start of the next line
    std::size_t scanned_ = 0;  // no line feed before this
    bool has_begun_ = false;
    bool has_start_line_ = false;
    Reason reason_ = Reason::none;
};

}  // namespace fairlead::http
