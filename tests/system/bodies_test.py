#!/usr/bin/env python3
"""Bodies pass through: whatever their size and whoever is slow, memory is bounded, and nothing waits to be more."""
import select
import socket
import threading

from harness import anonymous_memory, is_sanitized, main, wait_until

# A read buffer of 256 KiB, one for the head, and what a connection is made of.
MOST_EACH = 300 * 1024
CONNECTIONS = 20
HUGE = 10 * 1000 * 1000 * 1000


def config_of(address):
    return f'services: {{web: {{endpoints: ["{address}"]}}}}\nroutes: [{{host: "*", service: web}}]\n'


def settled_memory(proxy):
    """Once it has not grown for some samples in a row."""
    seen = []

    def settled():
        seen.append(anonymous_memory(proxy))
        return len(seen) > 5 and seen[-1] <= min(seen[-5:-1])
    wait_until(settled, 10, "the memory comes to rest")
    return seen[-1]


def listener(stage):
    server = socket.create_server(("127.0.0.1", 0), backlog=64)
    stage.at_end(server.close)
    return server, f"127.0.0.1:{server.getsockname()[1]}"


def client_of(stage, proxy):
    client = socket.create_connection(("127.0.0.1", proxy.port), 10)
    stage.at_end(client.close)
    return client


def test_readers_that_hardly_read_huge_answers_cost_kilobytes(stage):
    origin = stage.origin("one")
    proxy = stage.fairlead(config_of(origin.address))
    before = settled_memory(proxy)
    for _ in range(CONNECTIONS):
        client = client_of(stage, proxy)
        client.sendall(f"GET /bytes/{HUGE} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        left = 100 * 1024
        while left > 0:
            left -= len(client.recv(min(left, 65536)))
    each = (settled_memory(proxy) - before) / CONNECTIONS
    print(f"  {each / 1024:.0f} KiB for each of {CONNECTIONS} slow readers of {HUGE} bytes")
    assert each <= MOST_EACH or is_sanitized(), each


def test_huge_uploads_to_an_endpoint_that_does_not_read_cost_kilobytes(stage):
    server, address = listener(stage)
    proxy = stage.fairlead(config_of(address))
    before = settled_memory(proxy)
    for _ in range(CONNECTIONS):
        client = client_of(stage, proxy)
        client.sendall(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {HUGE}\r\n\r\n".encode())
        client.setblocking(False)
        sent = 0
        while sent < 256 * 1024 * 1024 and select.select([], [client], [], 0.3)[1]:
            sent += client.send(bytes(65536))
        assert sent < 256 * 1024 * 1024, "nothing held the client back"
    each = (settled_memory(proxy) - before) / CONNECTIONS
    print(f"  {each / 1024:.0f} KiB for each of {CONNECTIONS} uploads of {HUGE} bytes")
    assert each <= MOST_EACH or is_sanitized(), each
    server.close()


def test_each_event_of_a_stream_arrives_before_the_next_is_sent(stage):
    server, address = listener(stage)
    proxy = stage.fairlead(config_of(address))
    arrived = [threading.Event() for _ in range(5)]

    def send_events():
        peer, _ = server.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for i, event in enumerate(arrived):
                text = b"data: %d\n\n" % i
                peer.sendall(b"%x\r\n%s\r\n" % (len(text), text))
                if not event.wait(5):
                    return  # closes: the reader fails
            peer.sendall(b"0\r\n\r\n")

    sender = threading.Thread(target=send_events)
    sender.start()
    client = client_of(stage, proxy)
    client.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
    received = b""
    for i, event in enumerate(arrived):
        while b"data: %d\n\n" % i not in received:
            piece = client.recv(65536)
            assert piece, f"event {i} did not come"
            received += piece
        event.set()
    sender.join()


if __name__ == "__main__":
    main()
