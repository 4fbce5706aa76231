#!/usr/bin/env python3
"""What idle keep-alive connections cost in the proxy's own memory (the kernel's is not counted). Slow: many of them."""
import re
import resource
import socket
import subprocess

from harness import binary, main, wait_until

CONNECTIONS = 8000
BYTES_EACH = 1024
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: idle\r\n\r\n"


def allow_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))


def anonymous_memory(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"^RssAnon:\s+(\d+) kB", status.read(), re.MULTILINE).group(1)) * 1024


def is_sanitized():
    """Sanitizers keep books of their own on every byte: then only that all are served is looked at."""
    libraries = subprocess.run(["ldd", binary("fairlead")], capture_output=True, text=True, check=True).stdout
    return "libasan" in libraries or "libtsan" in libraries


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
    before = anonymous_memory(proxy.pid)
    idle = open_and_use(proxy.port, CONNECTIONS)
    stage.at_end(lambda: [client.close() for client in idle])

    def cost():
        return (anonymous_memory(proxy.pid) - before) / CONNECTIONS
    if not is_sanitized():
        wait_until(lambda: cost() <= BYTES_EACH, 5, f"an idle connection costs {BYTES_EACH} bytes, not {cost():.0f}")
    print(f"  {cost():.0f} bytes for each of {CONNECTIONS} idle connections")
    exchange(idle[0])
    exchange(idle[-1])


if __name__ == "__main__":
    main()
