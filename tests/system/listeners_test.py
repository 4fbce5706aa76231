#!/usr/bin/env python3
"""Listeners as the file has them: Unix sockets, PROXY headers, what stands in front."""
import os
import socket
import stat
import struct

from harness import get, main, request, wait_until

SERVICE = """
listeners:
{listeners}
services:
  web: {{endpoints: ["{endpoint}"]}}
routes:
  - {{host: "*", service: web}}
"""


def start(stage, listeners):
    origin = stage.origin("one")
    return stage.fairlead(SERVICE.format(listeners="\n".join(f"  - {each}" for each in listeners),
                                         endpoint=origin.address))


def test_a_unix_socket_serves_until_the_end_and_a_killed_one_is_replaced(stage):
    path = f"{stage.folder}/front.sock"
    listener = f'{{bind: "unix:{path}", mode: 0600, trusted_proxies: [unix]}}'
    killed = start(stage, [listener])
    killed.kill()
    assert os.path.exists(path)
    proxy = start(stage, [listener])
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert get(f"unix:{path}:/name").text == "one"
    head = get(f"unix:{path}:/headers", headers={"X-Forwarded-For": "203.0.113.9"}).text.lower()
    assert "x-forwarded-for: 203.0.113.9" in head, head
    proxy.stop()
    assert not os.path.exists(path)


def test_a_proxy_header_is_required_where_the_file_says_so(stage):
    listener = '{{bind: "127.0.0.1:{port}", front: nlb, proxy_protocol: required, proxy_protocol_from: [127.0.0.1]}}'
    path = f"{stage.folder}/beside.sock"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    proxy = start(stage, [listener.format(port=port), f'{{bind: "unix:{path}"}}'])
    addresses = socket.inet_aton("203.0.113.9") + socket.inet_aton("198.51.100.1") + struct.pack("!HH", 4711, 443)
    header = b"\r\n\r\n\0\r\nQUIT\n" + b"\x21\x11" + struct.pack("!H", len(addresses)) + addresses
    ask = b"GET /headers HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    def answer(data):
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(data)
            received = b""
            try:
                while piece := client.recv(65536):
                    received += piece
            except ConnectionResetError:
                pass
            return received.decode().lower()

    assert "x-forwarded-for: 203.0.113.9" in answer(header + ask)
    assert answer(ask) == ""
    assert get(f"unix:{path}:/name").text == "one"
    wait_until(lambda: 'fairlead_reasons_total{reason="proxy_header_missing"} 1' in get(proxy.admin("/metrics")).text)


def test_the_body_limit_and_the_connection_limit_answer(stage):
    origin = stage.origin("one")
    proxy = stage.fairlead(f"""
        services: {{web: {{endpoints: ["{origin.address}"]}}}}
        routes: [{{host: "*", service: web}}]
        limits: {{request_body: 1KiB, connections: 2}}""")
    assert request("POST", proxy.url("/echo"), b"x" * 1024).status == 200
    refused = request("POST", proxy.url("/echo"), b"x" * 1025)
    assert (refused.status, refused.reason_code) == (413, "body_too_large")
    wait_until(lambda: proxy.metric("fairlead_connections_open") == 0)
    with socket.create_connection(("127.0.0.1", proxy.port)), socket.create_connection(("127.0.0.1", proxy.port)):
        wait_until(lambda: proxy.metric("fairlead_connections_open") == 2)
        full = get(proxy.url("/name"))
        assert (full.status, full.reason_code) == (503, "too_many_connections")


if __name__ == "__main__":
    main()
