#!/usr/bin/env python3
"""What idle keep-alive connections cost in the proxy's own memory (the kernel's is not counted). Slow: many of them."""
import resource
import socket

from harness import anonymous_memory, is_sanitized, main, wait_until

CONNECTIONS = 8000
BYTES_EACH = 1024
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: idle\r\n\r\n"


def allow_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))


def exchange(client):
    client.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"\r\n\r\nHello, world!"):
        piece = client.recv(65536)
        assert piece, answer
        answer += piece


def open_and_use(port, count):
    """Connections that have had one answer each, in groups, as clients come."""
    clients = []
    while len(clients) < count:
        group = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(min(50, count - len(clients)))]
        for client in group:
            exchange(client)
        clients += group
    return clients


def test_an_idle_connection_costs_at_most_a_kilobyte(stage):
    allow_descriptors(CONNECTIONS + 1000)
    origin = stage.origin("one")
    proxy = stage.fairlead(f'services: {{web: {{endpoints: ["{origin.address}"]}}}}\n'
                           'routes: [{host: "*", service: web}]\n')
    warm = open_and_use(proxy.port, 200)
    stage.at_end(lambda: [client.close() for client in warm])
    before = anonymous_memory(proxy)
    idle = open_and_use(proxy.port, CONNECTIONS)
    stage.at_end(lambda: [client.close() for client in idle])

    def cost():
        return (anonymous_memory(proxy) - before) / CONNECTIONS
    if not is_sanitized():
        wait_until(lambda: cost() <= BYTES_EACH, 5, f"an idle connection costs {BYTES_EACH} bytes, not {cost():.0f}")
    print(f"  {cost():.0f} bytes for each of {CONNECTIONS} idle connections")
    exchange(idle[0])
    exchange(idle[-1])


if __name__ == "__main__":
    main()
