// HTTP/1.x from a client: reads one request after the other from a connection and sends the
// answers.
//
// A connection has one only while it has a request, so that idle connections cost no buffers: it
// borrows one from the worker, attaches it, and gives it back when nothing of a next request is
// there.
//
// Threads: one worker. One request at a time.
// Invariant: between requests the buffer holds exactly what the client sent ahead (pipelining).
#pragma once

#include "proxy/http/body_reader.hpp"
#include "proxy/http/head_parser.hpp"
#include "proxy/http/http1_output.hpp"
#include "proxy/http/message_stream.hpp"
#include "proxy/http/pace.hpp"
#include "proxy/model/config.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/deadline.hpp"

namespace fairlead::http {

class Http1ServerStream final : public ServerStream {
public:
    struct Settings {
        HeadLimits head;
        model::Bytes request_body = 0;  // 0: no limit
        Duration head_timeout = 30s;
        Duration body_timeout = 60s;
        model::MinRates min_rates;
        model::Underscores underscores = model::Underscores::drop;
        bool half_close = true;  // who has ended his side still gets his answer
    };

    /// All references outlive the stream.
    Http1ServerStream(net::BufferPool& buffers, net::DeadlineWheel& wheel, TextBuffer& scratch);

    /// Before use. All references outlive the use; `client` is what is known of the connection.
    void attach(net::Transport& transport, const Settings& settings, const ClientFacts& client);
    /// Gives back what it borrowed, and forgets the connection.
    void release();

    enum class Next : std::uint8_t {
        request,     // its head is here
        incomplete,  // more of its head is to come
        none,        // the client has sent nothing more, yet
    };

    /// Before read_request(), once for each request.
    void begin_request();
    /// Reads what is here of the next request's head. Where it is incomplete: await the transport,
    /// and call this again, or, if that wait was cancelled, give_up_request(). client_closed
    /// without response: the connection simply ended.
    result<Next> read_request();
    Failure give_up_request();
    /// After the exchange: whether another request can follow. False: close the connection.
    bool finish_request();

    /// Between requests: whether the next one, or a part of it, has come along.
    bool has_input() const noexcept { return buffer_.filled_size() > 0; }
    /// The client may be sending what nobody will read, the rest of a body or a next request; see
    /// Connection's lingering close.
    bool may_be_sending() const noexcept {
        return !body_.is_done() || head_.keep_alive || transport_->may_have_input();
    }

    const RequestHead& request() const noexcept override { return head_; }
    const ClientFacts& client() const noexcept override { return *client_; }
    /// Whether request() is one: a head may also fail to become one.
    bool has_request() const noexcept { return head_size_ > 0; }
    /// Whether a part of one has come.
    bool has_begun_request() const noexcept { return parser_.has_begun(); }
    BodyPiece initial_body() const noexcept override { return initial_body_; }
    Traffic traffic() const noexcept override;
    net::TlsFacts tls_facts() const noexcept override { return transport_->tls_facts(); }
    net::task<result<BodyPiece>> read_body() override;
    void stop_reading() override;
    void tell_when_gone(void (*gone)(void* context), void* context) noexcept override;
    void set_response_edits(const model::FieldEdits* edits) noexcept override { edits_ = edits; }
    void set_response_cookie(const StickyCookie* cookie) noexcept override { cookie_ = cookie; }
    net::Sent send_interim(const ResponseHead& head) override;
    net::Sent send_head(const ResponseHead& head, const BodyPiece& piece) override;
    net::Sent send_body(const BodyPiece& piece) override;
    net::task<result<>> finish_sending() override;
    bool has_begun_response() const noexcept override { return has_begun_response_; }
    void close_after_response() noexcept override { keeps_alive_ = false; }
    void abort() override;
    std::optional<RawConnection> take_raw() override;

private:
    static void cancel_io(void* self);
    /// Cuts a client that does not take the answer, or takes it too slowly.
    static void judge_reader(void* self);
    /// Woken by what the client sends, or its end, while its response is awaited.
    struct Arrival final : net::Waiter {
        explicit Arrival(Http1ServerStream& owner) noexcept : Waiter(&wake), stream(owner) {}
        static void wake(Waiter& waiter, bool ready);

        Http1ServerStream& stream;
    };
    static void look_for_client(void* self);
    void judge_client();
    void stop_looking_for_client() noexcept;
    /// For what is there of a head: how long the rest of it may take.
    void arm_head_deadline();
    Failure ended_early(const net::IoResult& read);
    /// Parses what is buffered. True: the head is complete and acceptable.
    result<bool> try_parse();
    result<> accept_head();
    void make_room();
    /// Where the connection ends with that piece, it may go out together with the FIN.
    void announce_end(const BodyPiece& piece);
    result<BodyPiece> take_piece(const BodyReader::Step& step);

    net::Transport* transport_ = nullptr;
    net::BufferPool& buffers_;
    const Settings* settings_ = nullptr;
    const ClientFacts* client_ = nullptr;
    net::DeadlineWheel& wheel_;
    net::Deadline read_deadline_;
    net::Deadline write_deadline_;
    net::Deadline look_deadline_;
    Arrival arrival_;
    void (*gone_)(void* context) = nullptr;
    void* gone_context_ = nullptr;
    Http1Output output_;
    net::Buffer buffer_;       // the head, then what came with it
    net::Buffer body_buffer_;  // further pieces of the body
    std::size_t head_size_ = 0;
    HeadParser parser_;
    RequestHead head_;
    BodyReader body_;
    BodyPiece initial_body_;
    model::Bytes body_bytes_ = 0;
    const model::FieldEdits* edits_ = nullptr;
    const StickyCookie* cookie_ = nullptr;
    Pace read_pace_;
    Pace write_pace_;
    TimePoint waiting_since_;        // for the client to take what was sent, or for its head
    std::uint64_t sent_before_ = 0;  // on this connection, when the request began
    std::uint64_t taken_ = 0;        // of that, by the client, when last looked
    bool awaits_arrival_ = false;
    bool is_timed_ = false;  // a part of the head is here
    bool keeps_alive_ = true;
    bool has_begun_response_ = false;
    bool stopped_reading_ = false;
    bool is_reading_body_ = false;
    bool awaits_continue_ = false;  // it may hold its body back until it has got a 100
};

}  // namespace fairlead::http
