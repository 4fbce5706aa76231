#include "proxy/http/http1_server_stream.hpp"

#include "proxy/http/framing.hpp"
#include "proxy/http/head_writer.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::http {
namespace {

// A response that takes longer is worth a look at who awaits it.
constexpr Duration look_after = 100ms;
constexpr Duration look_again_after = 1s;

}  // namespace

Http1ServerStream::Http1ServerStream(net::BufferPool& buffers, net::DeadlineWheel& wheel,
                                     TextBuffer& scratch)
    : buffers_(buffers),
      wheel_(wheel),
      read_deadline_(wheel, &Http1ServerStream::cancel_io, this),
      write_deadline_(wheel, &Http1ServerStream::judge_reader, this),
      look_deadline_(wheel, &Http1ServerStream::look_for_client, this),
      arrival_(*this),
      output_(scratch) {}

void Http1ServerStream::attach(net::Transport& transport, const Settings& settings,
                               const ClientFacts& client) {
    transport_ = &transport;
    settings_ = &settings;
    client_ = &client;
    output_.attach(transport);
    head_size_ = 0;
    body_.end();
}

void Http1ServerStream::release() {
    read_deadline_.disarm();
    write_deadline_.disarm();
    stop_looking_for_client();
    buffer_.reset();
    body_buffer_.reset();
    transport_ = nullptr;
}

void Http1ServerStream::cancel_io(void* self) {
    static_cast<Http1ServerStream*>(self)->transport_->cancel();
}

void Http1ServerStream::judge_reader(void* self) {
    auto& stream = *static_cast<Http1ServerStream*>(self);
    // The kernel asks for more only when much of its buffer is free, which for a slow client that
    // reads all the time can be long after our patience: look what it took.
    const auto taken = stream.transport_->bytes_taken();
    const bool has_moved = taken > stream.taken_;
    stream.taken_ = std::max(stream.taken_, taken);
    const TimePoint now = stream.wheel_.now();
    stream.write_pace_.add(now - stream.waiting_since_);
    stream.waiting_since_ = now;
    const auto& settings = *stream.settings_;
    const auto patience = stream.write_pace_.patience(
        settings.min_rates.response, settings.min_rates.grace,
        std::max(stream.taken_, stream.sent_before_) - stream.sent_before_, settings.body_timeout);
    if (has_moved && patience > Pace::least) {
        stream.write_deadline_.arm(patience);
    } else {
        stream.transport_->cancel();
    }
}

void Http1ServerStream::tell_when_gone(void (*gone)(void* context), void* context) noexcept {
    gone_ = gone;
    gone_context_ = context;
    // Who is still to send a body is read from at once.
    if (body_.is_done()) look_deadline_.arm(look_after);
}

void Http1ServerStream::stop_looking_for_client() noexcept {
    look_deadline_.disarm();
    if (std::exchange(awaits_arrival_, false)) transport_->ignore_arrival(arrival_);
}

void Http1ServerStream::look_for_client(void* self) {
    auto& stream = *static_cast<Http1ServerStream*>(self);
    stream.awaits_arrival_ = stream.transport_->wake_on_arrival(stream.arrival_);
    if (!stream.awaits_arrival_) stream.judge_client();
}

void Http1ServerStream::Arrival::wake(Waiter& waiter, bool ready) {
    auto& stream = static_cast<Arrival&>(waiter).stream;
    const bool is_awaited = std::exchange(stream.awaits_arrival_, false);
    if (is_awaited && ready) stream.judge_client();
}

void Http1ServerStream::judge_client() {
    const bool has_hung_up = transport_->has_hung_up();
    if (has_hung_up && (!settings_->half_close || transport_->is_broken()))
        return gone_(gone_context_);
    // It has ended its side, or has sent something that is not read yet: another request, or what
    // TLS has to say before an end. What follows, only a look from time to time can tell.
    look_deadline_.arm(look_again_after);
}

void Http1ServerStream::begin_request() {
    parser_.restart();
    is_timed_ = false;
    has_begun_response_ = false;
    stopped_reading_ = false;
    keeps_alive_ = true;
    initial_body_ = {};
    body_bytes_ = 0;
    write_pace_.begin();
    sent_before_ = taken_ = transport_->bytes_sent();
    edits_ = nullptr;
    cookie_ = nullptr;
}

result<Http1ServerStream::Next> Http1ServerStream::read_request() {
    if (!buffer_ && transport_->has_ahead()) buffer_ = transport_->take_ahead();
    if (!buffer_) buffer_ = buffers_.borrow(net::BufferPool::small);
    for (;;) {
        if (buffer_.filled_size() > 0) {
            const auto parsed = try_parse();
            if (!parsed || *parsed) {
                read_deadline_.disarm();
                keeps_alive_ = parsed.has_value();
                if (!parsed) return parsed.error();
                const auto accepted = accept_head();
                if (!accepted) return accepted.error();
                return Next::request;
            }
            // Empty lines ahead of a head are time spent on it as well.
            if (!std::exchange(is_timed_, true)) {
                read_pace_.begin();
                waiting_since_ = wheel_.now();
            }
            arm_head_deadline();
        }
        make_room();
        const auto read = transport_->try_read(buffer_.space());
        if (read.is_blocked()) return is_timed_ ? Next::incomplete : Next::none;
        if (!read.is_done()) return ended_early(read);
        buffer_.commit(read.size);
    }
}

Failure Http1ServerStream::give_up_request() {
    return ended_early(net::IoResult::of(net::IoResult::Status::cancelled));
}

Failure Http1ServerStream::ended_early(const net::IoResult& read) {
    const bool too_slow = read_deadline_.expired() && parser_.has_begun();
    read_deadline_.disarm();
    keeps_alive_ = false;
    return too_slow ? Failure(Reason::head_timeout) : Failure(Reason::client_closed, read.code());
}

void Http1ServerStream::arm_head_deadline() {
    const auto& rates = settings_->min_rates;
    // Of the whole head: slow senders cannot move it on.
    const Duration waited = wheel_.now() - waiting_since_;
    const auto most = std::max<Duration>(settings_->head_timeout - waited, Pace::least);
    read_deadline_.arm(
        read_pace_.patience(rates.head, rates.grace - waited, buffer_.filled_size(), most));
}

result<bool> Http1ServerStream::try_parse() {
    switch (parser_.parse_request(buffer_.filled(), settings_->head, head_)) {
        case ParseStatus::incomplete:
            return false;
        case ParseStatus::failed:
            return Failure(parser_.reason());
        case ParseStatus::complete:
            break;
    }
    head_size_ = parser_.size();
    return true;
}

void Http1ServerStream::make_room() {
    if (!buffer_.space().empty()) return;
    // The parser refuses heads beyond the limit, so this ends.
    parser_.restart();
    buffers_.make_room(buffer_);
}

result<> Http1ServerStream::accept_head() {
    read_pace_.begin();
    auto reason = check_request(head_);
    if (reason == Reason::none && settings_->underscores == model::Underscores::reject) {
        const bool has_any = std::any_of(head_.fields.begin(), head_.fields.end(),
                                         [](const Field& field) { return field.has_underscore; });
        if (has_any) reason = Reason::bad_header;
    }
    if (reason != Reason::none) {
        keeps_alive_ = false;
        body_.end();
        return Failure(reason);
    }
    keeps_alive_ = head_.keep_alive;
    awaits_continue_ = head_.expects_continue;
    body_.begin(head_, settings_->head, settings_->underscores);
    const auto limit = settings_->request_body;
    if (limit > 0 && head_.body.kind == Framing::Kind::length && head_.body.length > limit) {
        keeps_alive_ = false;
        return Failure(Reason::body_too_large);
    }
    initial_body_.is_last = body_.is_done();
    const auto rest = buffer_.filled_size() - head_size_;
    if (body_.is_done() || rest == 0) return {};
    char* const data = buffer_.filled_begin() + head_size_;
    auto step = body_.step(data, rest);
    // The head stays where it is, so what the body took is cut out from behind it.
    initial_body_ = step.piece;
    if (!step.piece.data.empty()) awaits_continue_ = false;  // it does not wait
    body_bytes_ = step.piece.data.size();
    const bool over_limit = limit > 0 && body_bytes_ > limit;
    if (step.kind == BodyReader::Step::Kind::failed || over_limit) {
        keeps_alive_ = false;
        return Failure(over_limit ? Reason::body_too_large : Reason::bad_chunk);
    }
    head_size_ += step.consumed;
    return {};
}

Traffic Http1ServerStream::traffic() const noexcept {
    // Of a head that is refused before its end: what has come of it.
    const auto head = has_request() ? parser_.size() : buffer_.filled_size();
    return {head + body_bytes_, transport_->bytes_sent() - sent_before_};
}

net::task<result<BodyPiece>> Http1ServerStream::read_body() {
    stop_looking_for_client();
    if (!body_buffer_) {
        const bool is_long =
            body_.kind() == Framing::Kind::chunked || body_.remaining() > net::BufferPool::small;
        body_buffer_ = buffers_.borrow(is_long ? net::BufferPool::large : net::BufferPool::small);
        // The start of a chunk's line or of a trailer section may stand behind the head.
        const auto rest = buffer_.filled().substr(head_size_);
        if (rest.size() > body_buffer_.space().size())
            body_buffer_ = buffers_.grown(body_buffer_, rest.size());
        std::copy(rest.begin(), rest.end(), body_buffer_.space().begin());
        body_buffer_.commit(rest.size());
        buffer_.truncate(rest.size());
    }
    for (;;) {
        auto step = body_.step(body_buffer_.filled_begin(), body_buffer_.filled_size());
        body_buffer_.consume(step.consumed);
        if (step.kind != BodyReader::Step::Kind::needs_more) {
            co_return take_piece(step);
        }
        // More than a buffer holds only a trailer section, and the reader refuses it beyond its
        // limits.
        buffers_.make_room(body_buffer_);
        auto space = body_buffer_.space();
        if (body_.kind() == Framing::Kind::length && body_.remaining() < space.size()) {
            space = space.first(static_cast<std::size_t>(body_.remaining()));
        }
        if (stopped_reading_) co_return Failure(Reason::client_closed);
        const auto& rates = settings_->min_rates;
        // Who waits for the endpoint's 100 is not slow, and once it answers the two may talk.
        const bool is_timed = !awaits_continue_ && !has_begun_response_;
        const model::Bytes rate = is_timed ? rates.body : 0;
        const auto patience =
            read_pace_.patience(rate, rates.grace, body_bytes_, settings_->body_timeout);
        read_deadline_.arm(awaits_continue_ ? Duration::zero() : Duration(patience));
        const TimePoint began = wheel_.now();
        is_reading_body_ = true;
        const net::IoResult read = co_await transport_->read_some(space);
        is_reading_body_ = false;
        if (is_timed) read_pace_.add(wheel_.now() - began);
        read_deadline_.disarm();
        awaits_continue_ = false;
        if (!read.is_done()) {
            keeps_alive_ = false;
            const bool too_slow = read_deadline_.expired() && !stopped_reading_;
            co_return Failure(too_slow ? Reason::body_timeout : Reason::client_closed, read.code());
        }
        body_buffer_.commit(read.size);
    }
}

result<BodyPiece> Http1ServerStream::take_piece(const BodyReader::Step& step) {
    if (step.kind == BodyReader::Step::Kind::failed) {
        keeps_alive_ = false;
        return Failure(Reason::bad_chunk);
    }
    body_bytes_ += step.piece.data.size();
    if (settings_->request_body > 0 && body_bytes_ > settings_->request_body) {
        keeps_alive_ = false;
        return Failure(Reason::body_too_large);
    }
    // Until the next is asked for, nobody reads: the endpoint may take long over this one.
    look_deadline_.arm(look_after);
    return step.piece;
}

void Http1ServerStream::stop_reading() {
    stopped_reading_ = true;
    transport_->cancel();
}

bool Http1ServerStream::finish_request() {
    write_deadline_.disarm();
    stop_looking_for_client();
    if (!keeps_alive_ || !body_.is_done()) return false;
    if (body_buffer_) {
        // What the client sent behind a chunked body is its next request.
        if (body_buffer_.filled_size() > 0) {
            buffer_ = std::move(body_buffer_);
        } else {
            buffer_.clear();
        }
        body_buffer_.reset();
    } else {
        buffer_.consume(head_size_);
    }
    head_size_ = 0;
    return true;
}

void Http1ServerStream::announce_end(const BodyPiece& piece) {
    if (piece.is_last && !keeps_alive_ && body_.is_done()) transport_->end_with_next_write();
}

net::Sent Http1ServerStream::send_interim(const ResponseHead& head) {
    if (head_.version == Version::http10) return net::Sent::all;
    if (head.status == 100 && std::exchange(awaits_continue_, false) && is_reading_body_)
        read_deadline_.arm(settings_->body_timeout);
    write_response_head(output_.scratch(), head, Framing(), ConnectionWord::none);
    return output_.send_head(Framing(), BodyPiece());
}

net::Sent Http1ServerStream::send_head(const ResponseHead& head, const BodyPiece& piece) {
    has_begun_response_ = true;
    // A client that was told to wait for a 100 owes its body no longer; and what a body's minimum
    // rate allows counts no longer for the read that is under way.
    if (is_reading_body_)
        read_deadline_.arm(awaits_continue_ ? Duration::zero() : Duration(settings_->body_timeout));
    const bool is_11 = head_.version == Version::http11;
    Framing framing = head.body.kind == Framing::Kind::none ? head.declared : head.body;
    if (framing.kind == Framing::Kind::until_close ||
        (framing.kind == Framing::Kind::chunked && !is_11)) {
        framing.kind = is_11 ? Framing::Kind::chunked : Framing::Kind::until_close;
        if (piece.is_last && piece.trailers == nullptr && head.body.has_body()) {
            framing = {Framing::Kind::length, piece.data.size()};  // all of it is here: say so
        }
    }
    if (head.status == 204 || head.status < 200) framing = Framing();
    if (framing.kind == Framing::Kind::until_close && head.body.has_body()) keeps_alive_ = false;

    auto word = keeps_alive_ ? ConnectionWord::none : ConnectionWord::close;
    if (keeps_alive_ && !is_11) word = ConnectionWord::keep_alive;
    if (head.status == 101) word = ConnectionWord::upgrade;
    const auto* const edits = head.status == 101 ? nullptr : edits_;
    announce_end(piece);
    write_response_head(output_.scratch(), head, framing, word, edits, cookie_);
    return output_.send_head(head.body.has_body() ? framing : Framing(), piece, keeps_alive_);
}

net::Sent Http1ServerStream::send_body(const BodyPiece& piece) {
    announce_end(piece);
    return output_.send_body(piece);
}

net::task<result<>> Http1ServerStream::finish_sending() {
    const auto& rates = settings_->min_rates;
    const auto sent = transport_->bytes_sent() - sent_before_;
    taken_ = transport_->bytes_taken();  // earlier answers may still be under way
    write_deadline_.arm(
        write_pace_.patience(rates.response, rates.grace, sent, settings_->body_timeout));
    waiting_since_ = wheel_.now();
    const net::error_code ec = co_await transport_->finish_writing();
    write_pace_.add(wheel_.now() - waiting_since_);
    write_deadline_.disarm();
    if (!ec) co_return result<>();
    keeps_alive_ = false;
    co_return Failure(
        write_deadline_.expired() ? Reason::client_write_timeout : Reason::client_closed, ec);
}

void Http1ServerStream::abort() {
    keeps_alive_ = false;
    stop_looking_for_client();
    transport_->abort();
}

std::optional<RawConnection> Http1ServerStream::take_raw() {
    keeps_alive_ = false;
    stop_looking_for_client();
    return RawConnection{transport_, buffer_.filled().substr(head_size_), settings_->half_close};
}

}  // namespace fairlead::http
