#include "proxy/http/http1_client_stream.hpp"

#include "proxy/http/framing.hpp"
#include "proxy/http/head_writer.hpp"
#include "proxy/net/tls_client.hpp"

#include <utility>

namespace fairlead::http {
namespace {

// A response's head. Not configurable: endpoints are ours, and what ALB takes is half of it.
constexpr HeadLimits response_limits = {64 * 1024, 256};

// A body that goes on for more than this is read in larger pieces.
constexpr std::uint64_t long_body = 48 * 1024;

}  // namespace

Http1ClientStream::Http1ClientStream(net::BufferPool& buffers, net::DeadlineWheel& wheel,
                                     TextBuffer& scratch)
    : buffers_(buffers), deadline_(wheel, &Http1ClientStream::time_is_up, this), output_(scratch) {}

void Http1ClientStream::attach(net::Transport& transport, Duration first_byte, Duration idle) {
    transport_ = &transport;
    first_byte_timeout_ = first_byte;
    idle_timeout_ = idle;
    output_.attach(transport);
    method_ = Method::get;
    upload_is_open_ = has_response_bytes_ = is_reading_ = is_clean_ = false;
    has_final_head_ = is_sending_ = took_nothing_ = send_failed_ = false;
    buffer_size_ = net::BufferPool::small;
    body_.end();
}

void Http1ClientStream::release() {
    deadline_.disarm();
    buffer_.reset();
    transport_ = nullptr;
}

void Http1ClientStream::time_is_up(void* self) {
    auto& stream = *static_cast<Http1ClientStream*>(self);
    // The kernel asks for more only when much of its buffer is free, which for an endpoint that
    // reads slowly but all the time can be long after its time: look what it took.
    if (stream.is_sending_) {
        const auto taken = stream.transport_->bytes_taken();
        if (taken > std::exchange(stream.taken_, taken)) {
            stream.deadline_.arm(stream.idle_timeout_);
            return;
        }
    }
    stream.transport_->close();
}

bool Http1ClientStream::is_reusable() const noexcept {
    return is_clean_ && body_.is_done() && head_.keep_alive && !upload_is_open_ &&
           buffer_.filled_size() == 0;
}

net::Sent Http1ClientStream::send_head(const RequestHead& head, const ClientFacts& client,
                                       const HeadChanges& changes, const BodyPiece& piece) {
    method_ = head.method;
    upload_is_open_ = !piece.is_last;
    owes_continue_ = head.expects_continue && piece.data.empty();
    write_request_head(output_.scratch(), head, client, changes);
    // What cannot be repeated goes out before its endpoint has more time to close.
    return output_.send_head(head.body, piece, is_idempotent(head.method));
}

net::Sent Http1ClientStream::send_body(const BodyPiece& piece) {
    if (piece.is_last) upload_is_open_ = false;
    owes_continue_ = false;
    const auto sent = output_.send_body(piece);
    // Also while the response is read: either side moves.
    if (sent == net::Sent::all) watch_reading();
    return sent;
}

void Http1ClientStream::watch_reading() {
    if (is_sending_) {
        deadline_.arm(idle_timeout_);
    } else if (!is_reading_) {
        deadline_.disarm();
    } else if (has_final_head_ || buffer_.filled_size() > 0) {
        deadline_.arm(idle_timeout_);
    } else {
        // While the request is still being sent it is for the client to be in time, not for the
        // endpoint, unless its 100 is what the client waits for; nor is an interim head the first
        // byte of the answer.
        const bool is_sending = upload_is_open_ && !send_failed_ && !owes_continue_;
        deadline_.arm(is_sending ? Duration::zero() : first_byte_timeout_);
    }
}

net::IoResult Http1ClientStream::try_read() {
    if (!transport_->may_have_input()) return net::IoResult::of(net::IoResult::Status::blocked);
    if (!buffer_ && transport_->has_ahead()) {
        buffer_ = transport_->take_ahead();
        has_response_bytes_ = true;
        return net::IoResult::done(buffer_.filled_size());
    }
    if (buffer_.filled_size() == 0 && buffer_.capacity() < buffer_size_)
        buffer_ = buffers_.borrow(buffer_size_);
    const auto got = transport_->try_read(buffer_.space());
    buffer_.commit(got.size);
    if (got.size > 0) has_response_bytes_ = true;
    return got;
}

void Http1ClientStream::begin_waiting() {
    // Whoever waits for long holds nothing; and those that have something to read share the few
    // buffers that are in the processor's caches.
    if (buffer_.filled_size() == 0) buffer_.reset();
    is_reading_ = true;
    watch_reading();
}

void Http1ClientStream::end_waiting() {
    is_reading_ = false;
    if (!is_sending_) deadline_.disarm();
}

net::task<result<>> Http1ClientStream::finish_sending() {
    deadline_.arm(idle_timeout_);
    is_sending_ = true;
    taken_ = transport_->bytes_taken();
    const net::error_code ec = co_await transport_->finish_writing();
    is_sending_ = false;
    took_nothing_ = deadline_.expired();
    send_failed_ = static_cast<bool>(ec);
    watch_reading();
    if (!ec) co_return result<>();
    if (took_nothing_) co_return Failure(Reason::upstream_idle_timeout);
    co_return Failure(Reason::upstream_reset, ec);
}

net::task<result<>> Http1ClientStream::read_head() {
    parser_.restart();
    for (;;) {
        if (buffer_.filled_size() > 0) {
            const auto parsed = try_parse();
            if (!parsed) co_return parsed.error();
            if (*parsed) co_return result<>();
            if (buffer_.space().empty()) make_room();
        }
        auto got = try_read();
        if (got.is_blocked()) {
            begin_waiting();
            if (!buffer_) transport_->expect_message();
            const bool ready = co_await transport_->wait_readable();
            end_waiting();
            if (ready) continue;
            got = net::IoResult::of(net::IoResult::Status::cancelled);
        }
        if (!got.is_done()) {
            if (took_nothing_ || (is_sending_ && deadline_.expired()))
                co_return Failure(Reason::upstream_idle_timeout);
            // Part of a head, and then no more, is not what first_byte waits for.
            if (deadline_.expired())
                co_return Failure(buffer_.filled_size() > 0 ? Reason::upstream_idle_timeout
                                                            : Reason::first_byte_timeout);
            co_return no_answer(got.code());
        }
    }
}

Failure Http1ClientStream::no_answer(const net::error_code& why) const {
    if (has_response_bytes_) return Failure(Reason::upstream_truncated, why);
    const auto tls = transport_->tls_error();
    if (net::is_refused_certificate(tls)) return Failure(Reason::upstream_tls_failed, tls);
    return Failure(Reason::upstream_reset, why);
}

void Http1ClientStream::make_room() {
    parser_.restart();
    buffers_.make_room(buffer_);
}

result<bool> Http1ClientStream::try_parse() {
    switch (parser_.parse_response(buffer_.filled(), response_limits, head_)) {
        case ParseStatus::incomplete:
            return false;
        case ParseStatus::failed:
            return Failure(parser_.reason());
        case ParseStatus::complete:
            break;
    }
    const auto refused = check_response(head_, method_);
    if (refused != Reason::none) return Failure(refused);
    body_.begin(head_, response_limits, model::Underscores::pass);
    is_clean_ = has_final_head_ = head_.status >= 200;
    if (head_.status == 100) owes_continue_ = false;
    buffer_.consume(parser_.size());
    return true;
}

result<BodyPiece> Http1ClientStream::buffered_body() {
    BodyPiece piece;
    piece.is_last = body_.is_done();
    if (piece.is_last || buffer_.filled_size() == 0) return piece;
    const auto room = buffer_.consumed();
    auto step = body_.step(buffer_.filled_begin(), buffer_.filled_size());
    if (step.piece.data.data() == buffer_.filled_begin()) step.piece.room = room;
    buffer_.consume(step.consumed);
    if (step.kind == BodyReader::Step::Kind::failed) {
        is_clean_ = false;
        return Failure(Reason::bad_response_chunk);
    }
    return step.piece;
}

net::task<result<BodyPiece>> Http1ClientStream::read_body() {
    for (;;) {
        const auto buffered = buffered_body();
        if (!buffered || buffered->is_last || !buffered->data.empty()) co_return buffered;
        if (body_.remaining() > long_body) buffer_size_ = net::BufferPool::large;
        // More than a buffer holds only a trailer section, and the reader refuses it beyond its
        // limits.
        if (buffer_) buffers_.make_room(buffer_);
        auto got = try_read();
        if (got.is_blocked()) {
            begin_waiting();
            const bool ready = co_await transport_->wait_readable();
            end_waiting();
            if (ready) continue;
            got = net::IoResult::of(net::IoResult::Status::cancelled);
        }
        if (!got.is_done()) {
            is_clean_ = false;
            if (!got.is_ended() || !body_.end_of_stream()) co_return truncated(got);
            BodyPiece end;
            end.is_last = true;
            co_return end;
        }
    }
}

Failure Http1ClientStream::truncated(const net::IoResult& read) {
    is_clean_ = false;
    if (deadline_.expired()) return Failure(Reason::upstream_idle_timeout);
    return Failure(Reason::upstream_truncated, read.code());
}

std::optional<RawConnection> Http1ClientStream::take_raw() {
    is_clean_ = false;
    return RawConnection{transport_, buffer_.filled(), true};
}

}  // namespace fairlead::http
