// Reads the head of an HTTP/1.x message, strictly, line by line as the bytes come.
//
// The grammar is RFC 9112 without its leniencies: lines end in CRLF and nothing else, names are
// tokens with the colon right behind them, values have no control characters and are never folded.
// What a peer may have read differently is refused, not repaired. The meaning of the fields is not
// looked at here: see framing.hpp.
//
// A line is judged when its end has come, or a byte that no line may have: so the verdict, reason
// included, is the same however the bytes are cut.
//
// Threads: one worker. Cost: one pass over the bytes where they come at once (http/scan.hpp); a
// second one over lines that came in pieces, however many those were.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/http/message.hpp"

#include <cstddef>
#include <limits>
#include <string_view>

namespace fairlead::http {

/// Lines are counted with their CRLF.
struct HeadLimits {
    std::size_t bytes = 64 * 1024;
    std::size_t fields = 128;
    std::size_t start_line = std::numeric_limits<std::size_t>::max();
    std::size_t field = std::numeric_limits<std::size_t>::max();
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
    /// Whether nothing new can be said: the present line has grown, and its end has not come.
    bool is_still_open(std::string_view data);
    ParseStatus parse_fields(std::string_view data, const HeadLimits& limits,
                             std::vector<Field>& fields, FieldSet& present);
    ParseStatus parse_request_line(std::string_view data, const HeadLimits& limits,
                                   RequestHead& head);
    ParseStatus parse_response_head(std::string_view data, const HeadLimits& limits,
                                    ResponseHead& head);
    ParseStatus parse_status_line(std::string_view data, const HeadLimits& limits,
                                  ResponseHead& head);
    /// How far the line at at_ was readable: to its CRLF, a bare CR or LF, or another control byte.
    enum class LineEnd : std::uint8_t { whole, bare, control };
    using Diagnosis = Reason (*)(std::string_view line, LineEnd end);
    static Reason diagnose_request_line(std::string_view line, LineEnd end);
    static Reason diagnose_field(std::string_view line, LineEnd end);
    /// The line at at_ is none that we take: fails with what the diagnosis says of it, or waits for
    /// its end.
    ParseStatus judge(std::string_view data, const HeadLimits& limits, Diagnosis diagnosis);
    ParseStatus wait(std::string_view data, const HeadLimits& limits) noexcept;
    /// Which limit the line at at_ is beyond first, if it reaches to `end`; none.
    Reason limit_reached(std::size_t end, const HeadLimits& limits) const noexcept;
    ParseStatus fail(Reason reason) noexcept {
        reason_ = reason;
        return ParseStatus::failed;
    }

    std::size_t at_ = 0;  // start of the next line
    std::size_t scanned_ =
        0;  // before this, the line has no end and no byte that speaks against it
    bool has_begun_ = false;
    bool has_start_line_ = false;
    Reason reason_ = Reason::none;
};

}  // namespace fairlead::http
