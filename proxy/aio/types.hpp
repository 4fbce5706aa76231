// The door to Asio: every other file of ours spells these names, not Asio's.
//
// Rules that go with them (CONTRIBUTING.md has them all):
//  - no braces and no captures on a line with co_await or co_spawn (g++ 12 miscompiles some of
//  them);
//  - operations return their error: `auto [ec, n] = co_await socket.async_read_some(buffer);` and
//  the
//    next statement handles all of ec;
//  - one io_context a thread; a socket, a timer and a coroutine never leave the thread they began
//  on.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace fairlead::aio {

namespace asio = boost::asio;

using IoContext = asio::io_context;
using executor = IoContext::executor_type;
using error_code = boost::system::error_code;

template <class T = void>
using task = asio::awaitable<T, executor>;

/// The completion token that all our sockets and timers have by default.
using token = asio::as_tuple_t<asio::use_awaitable_t<executor>>;

/// TCP and Unix sockets alike.
using stream_protocol = asio::generic::stream_protocol;
using stream_socket = token::as_default_on_t<asio::basic_stream_socket<stream_protocol, executor>>;
using acceptor = token::as_default_on_t<asio::basic_socket_acceptor<stream_protocol, executor>>;
using timer = token::as_default_on_t<asio::basic_waitable_timer<
    std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>>;

}  // namespace fairlead::aio
