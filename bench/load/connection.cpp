#include "bench/load/connection.hpp"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace fairlead::bench {

void LoadConnection::start(Clock::time_point due) {
    busy_ = true;
    due_ = due;
    sent_ = 0;
    in_body_ = false;
    pending_.clear();
    if (!socket_ && !connect()) return fail(LoadError::connect);
    if (connected_) send();
}

bool LoadConnection::connect() {
    connected_ = false;
    socket_ = connect_to(target_.address);
    if (!socket_) return false;
    ++statistics_.connects;
    // Edge-triggered: registered once, whatever is being waited for.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = this;
    return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket_.get(), &event) == 0;
}

void LoadConnection::on_events(std::uint32_t events) {
    if (!socket_) return;  // an event of the batch in which it was closed
    if (!connected_) {
        int error = 0;
        socklen_t size = sizeof(error);
        ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) return fail(LoadError::connect);
        if ((events & EPOLLOUT) == 0) return;
        connected_ = true;
    }
    if ((events & EPOLLOUT) != 0 && busy_) send();
    if (socket_ && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) receive();
}

void LoadConnection::send() {
    const auto& request = target_.request;
    while (sent_ < request.size()) {
        const auto n =
            ::send(socket_.get(), request.data() + sent_, request.size() - sent_, MSG_NOSIGNAL);
        // A failed send is no end: the answer may have arrived before the connection broke.
        if (n < 0) return errno == EAGAIN ? void() : receive();
        sent_ += static_cast<std::size_t>(n);
    }
}

void LoadConnection::receive() {
    static thread_local std::array<char, 256 * 1024> buffer;
    while (socket_) {
        const auto n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) return fail(LoadError::reset);
        if (n == 0) return ended_by_peer();
        const auto size = static_cast<std::size_t>(n);
        statistics_.bytes += size;
        if (!busy_) return fail(LoadError::malformed);  // an answer to no request
        if (!take(std::string_view(buffer.data(), size)) || size < buffer.size()) return;
    }
}

bool LoadConnection::take(std::string_view bytes) {
    std::string joined;
    if (!pending_.empty()) {
        joined.swap(pending_);
        joined += bytes;
        bytes = joined;
    }
    while (!in_body_) {
        if (!take_head(bytes)) return busy_;
    }
    while (!body_.done() && !bytes.empty()) {
        const auto piece = body_.next(bytes);
        if (body_.failed()) {
            fail(LoadError::malformed);
            return false;
        }
        if (piece.consumed == 0) break;
        bytes.remove_prefix(piece.consumed);
    }
    if (!body_.done()) {
        pending_ = bytes;
        return true;
    }
    if (!bytes.empty()) keep_alive_ = false;  // more than was asked for
    complete();
    return false;
}

bool LoadConnection::take_head(std::string_view& bytes) {
    const auto size = head_length(bytes);
    if (size == 0) {
        pending_ = bytes;
        return false;
    }
    FieldWalk fields(bytes.substr(0, size));
    const auto line = fields.start_line();
    const auto status = parse_number(line.substr(0, 12).substr(line.size() < 12 ? line.size() : 9));
    if (!line.starts_with("HTTP/1.") || !status || *status < 100 || *status > 999) {
        fail(LoadError::malformed);
        return false;
    }
    bytes.remove_prefix(size);
    if (*status < 200) return true;  // an interim answer: the next head follows

    status_ = static_cast<unsigned>(*status);
    keep_alive_ = line.starts_with("HTTP/1.1");
    body_ = BodyDecoder::until_close();
    while (fields.next()) {
        if (equals_ignoring_case(fields.name(), "Content-Length"))
            body_ = BodyDecoder::length(parse_number(fields.value()).value_or(0));
        else if (equals_ignoring_case(fields.name(), "Transfer-Encoding"))
            body_ = BodyDecoder::chunked();
        else if (equals_ignoring_case(fields.name(), "Connection"))
            keep_alive_ = keep_alive_ && !contains_token(fields.value(), "close");
    }
    if (target_.is_head || status_ == 204 || status_ == 304) body_ = BodyDecoder::none();
    in_body_ = true;
    return true;
}

void LoadConnection::ended_by_peer() {
    if (!busy_) {
        socket_.reset();  // an idle connection may be closed at any time
    } else if (in_body_ && body_.ends_with_connection()) {
        keep_alive_ = false;
        complete();
    } else {
        fail(in_body_ || !pending_.empty() ? LoadError::truncated : LoadError::closed);
    }
}

void LoadConnection::complete() {
    statistics_.latency.record(Clock::now() - due_);
    ++statistics_.statuses[status_];
    busy_ = false;
    if (!keep_alive_ || sent_ < target_.request.size()) socket_.reset();
}

void LoadConnection::fail(LoadError error) {
    if (busy_) statistics_.add(error);
    busy_ = false;
    socket_.reset();
}

}  // namespace fairlead::bench
