// HTTP/1.1 to an endpoint: sends one request and reads its response, on a connection that may have
// carried others before.
//
// Threads: one worker. Borrowed from the worker for one attempt; the connection outlives that.
#pragma once

#include "proxy/http/body_reader.hpp"
#include "proxy/http/head_parser.hpp"
#include "proxy/http/http1_output.hpp"
#include "proxy/http/message_stream.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/deadline.hpp"

namespace fairlead::http {

class Http1ClientStream final : public ClientStream {
public:
    /// All references outlive the stream.
    Http1ClientStream(net::BufferPool& buffers, net::DeadlineWheel& wheel, TextBuffer& scratch);

    /// Before use. `transport` outlives the use. Timeouts: until the response's first byte; between
    /// any two of its bytes, or of the request's.
    void attach(net::Transport& transport, Duration first_byte, Duration idle);
    /// Gives back what it borrowed, and forgets the connection.
    void release();

    /// The response came whole, nothing came behind it, and the endpoint did not say close.
    bool is_reusable() const noexcept;

    net::Sent send_head(const RequestHead& head, const ClientFacts& client,
                        const HeadChanges& changes, const BodyPiece& piece) override;
    net::Sent send_body(const BodyPiece& piece) override;
    net::task<result<>> finish_sending() override;
    net::task<result<>> read_head() override;
    const ResponseHead& response() const noexcept override { return head_; }
    result<BodyPiece> buffered_body() override;
    net::task<result<BodyPiece>> read_body() override;
    bool has_response_bytes() const noexcept override { return has_response_bytes_; }
    std::optional<RawConnection> take_raw() override;

private:
    static void time_is_up(void* self);
    /// Reads into the buffer what is there.
    net::IoResult try_read();
    /// Around a wait for more: within the deadline that fits what is being waited for.
    void begin_waiting();
    void end_waiting();
    void watch_reading();
    /// Reading the head has ended or failed.
    Failure no_answer(const net::error_code& why) const;
    /// Why a body ended before its end.
    Failure truncated(const net::IoResult& read);
    /// True: the head is complete and acceptable, and is cut off the buffer's front.
    result<bool> try_parse();
    void make_room();

    net::Transport* transport_ = nullptr;
    net::BufferPool& buffers_;
    Duration first_byte_timeout_ = Duration::zero();
    Duration idle_timeout_ = Duration::zero();
    net::Deadline deadline_;
    Http1Output output_;
    net::Buffer buffer_;                                // none while nothing is there to be read
    std::size_t buffer_size_ = net::BufferPool::small;  // of the next one
    HeadParser parser_;
    ResponseHead head_;
    BodyReader body_;
    Method method_ = Method::get;
    bool upload_is_open_ = false;  // the request's last piece has not been sent
    bool has_response_bytes_ = false;
    bool is_reading_ = false;
    bool is_clean_ = false;
    bool has_final_head_ = false;
    std::uint64_t taken_ = 0;     // of what is being sent, at the last look
    bool owes_continue_ = false;  // the client may hold its body back until a 100 comes
    bool is_sending_ = false;     // waits for the endpoint to take something
    bool took_nothing_ = false;   // for idle_timeout_
    bool send_failed_ = false;
};

}  // namespace fairlead::http
