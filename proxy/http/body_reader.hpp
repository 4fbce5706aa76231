// Finds the body in the bytes of an HTTP/1.x connection: by length, by chunks, or up to the end.
//
// Chunked coding is read as RFC 9112 7.1 has it and no looser: sizes are hexadecimal digits without
// sign or space, lines end in CRLF, extensions are skipped but bounded, trailers obey the field
// grammar. Chunks that lie in one buffer come out as one piece.
//
// Threads: one worker. No allocation but for trailers and what Connection names.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/http/head_parser.hpp"
#include "proxy/http/message.hpp"
#include "proxy/model/config.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::http {

class BodyReader {
public:
    struct Step {
        enum class Kind : std::uint8_t { piece, needs_more, failed } kind = Kind::needs_more;
        BodyPiece piece;           // views into the input
        std::size_t consumed = 0;  // bytes of the input that are done with, whatever the kind
    };

    void begin(const Framing& framing, const HeadLimits& trailer_limits);
    /// Of the message with that head: trailers that it names in Connection are dropped (RFC 9110
    /// 7.6.1). `underscores`: what becomes of trailers with '_' in their names.
    template <class Head>
    void begin(const Head& head, const HeadLimits& trailer_limits, model::Underscores underscores) {
        begin(head.body, trailer_limits);
        underscores_ = underscores;
        if (head.connection_names_fields && head.body.kind == Framing::Kind::chunked)
            drop_named(head.fields);
    }
    /// There is none, or no more of it is wanted.
    void end() noexcept { state_ = State::done; }

    /// Looks at all of `size` bytes. May move bytes within them (chunks closer together).
    Step step(char* data, std::size_t size);

    /// The connection ended. True: that was the body's end (until_close).
    bool end_of_stream() noexcept;

    bool is_done() const noexcept { return state_ == State::done; }
    /// Bytes that are certainly still to come; for chunked: of the present chunk.
    std::uint64_t remaining() const noexcept { return remaining_; }
    Framing::Kind kind() const noexcept { return framing_.kind; }

private:
    enum class State : std::uint8_t { size_line, data, data_end, trailers, done };

    Step step_chunked(char* data, std::size_t size);
    /// One state's work at `at`; false: needs more bytes or has failed.
    bool advance(char* data, std::size_t size, std::size_t& at, std::size_t& out_begin,
                 std::size_t& out_end);
    bool read_size_line(const char* data, std::size_t size, std::size_t& at);
    void drop_named(const std::vector<Field>& fields);
    bool read_trailers(const char* data, std::size_t size, std::size_t& at);

    Framing framing_;
    HeadLimits trailer_limits_;
    State state_ = State::done;
    std::uint64_t remaining_ = 0;
    bool failed_ = false;
    HeadParser trailer_parser_;
    std::size_t trailers_seen_ = 0;  // bytes of the section at the last try
    std::vector<Field> trailers_;
    std::string dropped_;  // names, as a list
    model::Underscores underscores_ = model::Underscores::pass;
};

}  // namespace fairlead::http
