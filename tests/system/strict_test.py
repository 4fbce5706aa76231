#!/usr/bin/env python3
"""Strictness on the wire: what has two readings is refused, answered once, and never reaches an origin."""
import contextlib
import re
import socket
import threading

from harness import main, raw_exchange, wait_until

CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def get(fields, line=b"GET / HTTP/1.1"):
    return line + b"\r\n" + fields + b"\r\n"


def post(fields):
    return b"POST / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n"


# Each is sent with a second request behind it, which must not be taken for one.
REQUESTS = {
    "bad_request_line": [b"GET /\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\nHost: a\n\n", b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
                         b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", b"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n"],
    "bad_method": [get(b"Host: a\r\n", b"G(T / HTTP/1.1"), get(b"Host: a:80\r\n", b"CONNECT a:80 HTTP/1.1"),
                   get(b"Host: a\r\n", b" / HTTP/1.1"), get(b"Host: a\r\n", b"G\0T / HTTP/1.1")],
    "bad_target": [get(b"Host: a\r\n", line) for line in (
        b"GET a HTTP/1.1", b"GET * HTTP/1.1", b"GET /a b HTTP/1.1", b"GET /#f HTTP/1.1", b"GET /\x01 HTTP/1.1",
        b"GET /\xc3\xa4 HTTP/1.1", b"GET ftp://a/ HTTP/1.1", b"GET /%zz HTTP/1.1", b"GET  / HTTP/1.1")],
    "bad_version": [get(b"Host: a\r\n", line) for line in (
        b"GET / HTTP/1.2", b"GET / HTTP/2.0", b"GET / http/1.1", b"GET / HTTP/1.1 ", b"GET / HTTP/11")],
    "http2_on_http1": [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    "bad_header": [get(b"Host: a\r\n" + line) for line in (
        b"X: a\nY: b\r\n", b"X: a\rb\r\n", b"X: a\0\r\n", b"X: \x01\r\n", b"X: \x7f\r\n", b"X\0: a\r\n", b"X : a\r\n",
        b"X\t: a\r\n", b" X: a\r\n", b"X: a\r\n b\r\n", b"X: a\r\n\tb\r\n", b"X\r\n", b": a\r\n", b"X(: a\r\n",
        b"Content-Length : 5\r\n", b"\xc3\xa4: b\r\n", b"X: a\r\r\n")] + [b"GET / HTTP/1.1\r\nHost: a\r\n\n"],
    "bad_host": [get(host) for host in (
        b"", b"Host:\r\n", b"Host: a\r\nHost: a\r\n", b"Host: a\r\nHost: b\r\n", b"Host: a b\r\n", b"Host: u@a\r\n",
        b"Host: a/b\r\n", b"Host: a:8x\r\n", b"Host: a:65536\r\n", b"Host: a,b\r\n", b"Host: %61\r\n", b"Host: a..b\r\n",
        b"Host: [::1\r\n", b"Host: [x]\r\n", b"Host: http://a\r\n")] + [
        get(b"Host: b\r\n", b"GET http://a/ HTTP/1.1"), get(b"Host: u:p@a\r\n", b"GET http://u:p@a/ HTTP/1.1"),
        get(b"Host: a\r\n", b"GET http://u@a/ HTTP/1.1"), get(b"", b"GET http://a/ HTTP/1.1")],
    "bad_length": [post(b"Content-Length: " + length + b"\r\n") for length in (
        b"", b"3,3", b"+3", b"-3", b"1 2", b"0x10", b"3.0", b"99999999999999999999",
        b"3\r\nContent-Length: 3", b"3\r\nContent-Length: 4")],
    "length_and_coding": [post(b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
                          post(b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n")],
    "bad_coding": [post(b"Transfer-Encoding: " + coding + b"\r\n") for coding in (
        b"", b"identity", b"chunked, identity", b"chunked, chunked", b"chunked\r\nTransfer-Encoding: chunked", b",chunked")] + [
        b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"],
    "unknown_coding": [post(b"Transfer-Encoding: " + coding + b"\r\n") for coding in (
        b"gzip", b"gzip, chunked", b"chunked, gzip", b"xchunked", b"chunked;q=1", b'"chunked"')],
    "bad_chunk": [CHUNKED + chunks for chunks in (
        b"x\r\n", b"-1\r\n", b"+5\r\nHello\r\n", b"0x5\r\nHello\r\n", b"5 \r\nHello\r\n", b" 5\r\nHello\r\n", b"\r\n",
        b"5\nHello\r\n", b"5;a\nHello\r\n", b"5;\x01\r\nHello\r\n", b"5\r\nHello!\r\n", b"5\r\nHello\n0\r\n\r\n",
        b"ffffffffffffffff1\r\n", b"5;" + b"x" * 300 + b"\r\n", b"0\r\nA : b\r\n\r\n", b"0\r\nA: b\r\n c\r\n\r\n")],
}

# What an origin answers, by the reason that its client then gets.
RESPONSES = {
    "bad_response": [
        b"ICY 200 OK\r\n\r\n", b"HTTP/2.0 200 OK\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 600 X\r\n\r\n", b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0\r\n\r\n", b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", b"HTTP/1.1 200 O\x01K\r\n\r\n",
        b"HTTP/1.0 100 Continue\r\n\r\n"],
    "bad_response_framing": [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc", b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc"],
    "response_head_too_large": [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000 + b"\r\n\r\n"],
    "bad_response_chunk": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"],
    "bad_upgrade": [b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"],
}


class RawOrigin:
    """Answers every head that comes with the same bytes, closes, and keeps what it got."""

    def __init__(self, stage, answer=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"):
        self.answer = answer  # may be changed between requests
        self.heads, self.connections = [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        stage.at_end(self.close)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with contextlib.suppress(OSError), peer:
            peer.settimeout(10)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                piece = peer.recv(65536)
                if not piece:
                    return
                head += piece
            self.heads.append(head)
            peer.sendall(self.answer)
            if b" 101 " in self.answer:
                peer.sendall(b"echo: " + peer.recv(100))

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def proxy_to(stage, origin, settings="", more=""):
    return stage.fairlead(f'{more}services: {{web: {{endpoints: ["{origin.address}"]{settings}}}}}\n'
                          'routes: [{host: "*", service: web}]\n')


def fields_of(answer):
    """(status, fields by name in lower case) of the only answer in there."""
    assert len(re.findall(rb"(?:^|\r\n)HTTP/1\.1 \d", answer)) == 1, answer
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    return int(head[0].split()[1]), {name.lower(): value for name, _, value in
                                     (line.partition(": ") for line in head[1:])}


def test_what_has_two_readings_is_400_and_close_and_never_reaches_an_origin(stage):
    origin = RawOrigin(stage)
    proxy = proxy_to(stage, origin)
    for reason, requests in REQUESTS.items():
        for request in requests:
            answer = raw_exchange(proxy.port, request + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            status, fields = fields_of(answer)
            assert (status, fields.get("x-fairlead-reason"), fields.get("connection")) == (400, reason, "close"), \
                (request, answer)
    assert (origin.connections, origin.heads) == (0, []), origin.heads
    assert raw_exchange(proxy.port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").endswith(b"\r\n\r\nok")


def test_an_origin_s_answer_with_two_readings_is_502_with_its_reason(stage):
    origin = RawOrigin(stage)
    proxy = proxy_to(stage, origin, ", retries: {attempts: 1}")
    for reason, answers in RESPONSES.items():
        for bad in answers:
            origin.answer = bad
            answer = raw_exchange(proxy.port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            status, fields = fields_of(answer)
            assert (status, fields.get("x-fairlead-reason")) == (502, reason), (bad[:200], answer)


def test_what_reaches_the_origin_is_written_anew(stage):
    origin = RawOrigin(stage)
    proxy = proxy_to(stage, origin, more="trace: {create: none}\n")
    raw_exchange(proxy.port, b"\r\nGET http://A:81/x?y HTTP/1.1\r\nhost:\ta:81 \r\nConnection: close, X-Gone, X-Forwarded-For, Host\r\n"
                             b"x-gone: 1\r\nX_Under: 1\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n"
                             b"Keep-Alive: 5\r\nProxy-Connection: x\r\nTE: gzip\r\nx-kept:  a  b \r\n\r\n")
    assert origin.heads == [(f"GET /x?y HTTP/1.1\r\nHost: a:81\r\nx-kept: a  b\r\nX-Forwarded-For: 127.0.0.1\r\n"
                             f"X-Forwarded-Proto: http\r\nX-Forwarded-Port: {proxy.port}\r\n"
                             "X-Forwarded-Host: a:81\r\n\r\n").encode()], origin.heads


def test_an_upgrade_to_h2c_is_forwarded_without_the_upgrade(stage):
    origin = RawOrigin(stage)
    proxy = proxy_to(stage, origin)
    answer = raw_exchange(proxy.port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
                                      b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
    assert fields_of(answer)[0] == 200, answer
    assert not re.search(rb"upgrade|h2c|http2|connection", origin.heads[0], re.IGNORECASE), origin.heads


def upgrade(port):
    """(the socket, what came up to the empty line)"""
    client = socket.create_connection(("127.0.0.1", port), 10)
    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                   b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(65536)
    return client, head


def test_a_tunnel_opens_only_after_a_valid_101(stage):
    origin = RawOrigin(stage)
    proxy = proxy_to(stage, origin)
    both = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    accept = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"  # of RFC 6455 1.3, as the key is
    for fields, good in ((both + accept, True), (both, False), (both + accept + accept, False),
                         (both + accept.replace(b"s3p", b"S3p"), False), (b"Upgrade: websocket\r\n" + accept, False),
                         (b"Connection: Upgrade\r\n" + accept, False),
                         (b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + accept, False), (b"", False)):
        origin.answer = b"HTTP/1.1 101 Switching Protocols\r\n" + fields + b"\r\n"
        client, head = upgrade(proxy.port)
        with client:
            if good:
                assert head.startswith(b"HTTP/1.1 101 "), head
                client.sendall(b"hello")
                wait_until(lambda: client.recv(100) == b"echo: hello", what="the tunnel carries bytes")
            else:
                status, said = fields_of(head)
                assert (status, said["x-fairlead-reason"]) == (502, "bad_upgrade"), head


if __name__ == "__main__":
    main()
