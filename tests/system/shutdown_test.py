#!/usr/bin/env python3
"""SIGTERM under load: the balancer is told, clients are told, nobody is cut off before the time."""
import signal
import socket
import threading
import time

from harness import Load, get, main, wait_until
from steady_clients import SteadyClients


def config_of(origin, shutdown):
    return (f'workers: 2\nservices: {{web: {{endpoints: ["{origin.address}"]}}}}\n'
            f'routes: [{{host: "*", service: web}}]\nshutdown: {{{shutdown}}}\n')


def send(port, target, extra=""):
    """A connection on which a request was sent."""
    client = socket.create_connection(("127.0.0.1", port), 20)
    client.sendall(f"GET {target} HTTP/1.1\r\nHost: a.org\r\n{extra}\r\n".encode())
    return client


def answer(client):
    """All bytes until the other side closes; a reset raises."""
    received = b""
    while piece := client.recv(65536):
        received += piece
    return received


def terminate(proxy):
    proxy.signal(signal.SIGTERM)
    return time.time()


def expect_end(proxy, since, earliest, latest, status=0):
    code = proxy.wait(latest + 10)
    took = time.time() - since
    print(f"  ended after {took:.2f} s with status {code}", flush=True)
    assert code == status, f"status {code}:\n{proxy.output[-2000:]}"
    assert earliest <= took <= latest, took


def refused_only(clients):
    """Failed requests that were more than told at the door that nobody is there."""
    return [record for record in clients.failed if not record.outcome.startswith("ConnectionRefusedError")]


def test_sigterm_under_load_loses_no_request(stage):
    origin = stage.origin("one")
    proxy = stage.fairlead(config_of(origin, "grace: 1s, timeout: 10s"))
    slow = [send(proxy.port, "/delay/2500") for _ in range(5)]
    with SteadyClients(proxy.port) as clients, SteadyClients(proxy.port, method="POST", path="/echo",
                                                             body=b"ahoy " * 1000) as posting:
        wait_until(lambda: len(clients.records) > 100)
        wait_until(lambda: proxy.metric("fairlead_requests_active") >= 5)
        assert get(proxy.health()).status == 200
        begin = terminate(proxy)
        wait_until(lambda: get(proxy.health()).status == 503)
        told = time.time()
        assert get(proxy.admin("/healthz")).status == 503
        # As good as ever for the whole time of grace.
        wait_until(lambda: len(clients.since(told)) > 100)
        answered = [answer(client) for client in slow]
        expect_end(proxy, begin, 1, 6)
    print(f"  health says 503 after {(told - begin) * 1000:.0f} ms")
    assert all(text.startswith(b"HTTP/1.1 200 ") and text.endswith(b"Hello, world!") for text in answered), answered
    assert all(b"\r\nConnection: close\r\n" in text for text in answered), answered
    for name, group in (("GET", clients), ("POST", posting)):
        in_grace = [record for record in group.failed if record.begin < begin + 0.95]
        assert not in_grace, in_grace[:5]
        assert not refused_only(group), refused_only(group)[:5]
        served = [record for record in group.records if record.outcome == "200"]
        print(f"  {name}: {len(served)} served, {len(group.failed)} refused at the door after the grace time")


def test_connections_that_wait_in_the_queue_are_still_served(stage):
    proxy = stage.fairlead(config_of(stage.origin("one"), "timeout: 10s"))
    proxy.signal(signal.SIGSTOP)  # so that it sees connections, requests and SIGTERM all at once
    waiting = [send(proxy.port, "/") for _ in range(40)]
    begin = terminate(proxy)
    proxy.signal(signal.SIGCONT)
    answered = [answer(client) for client in waiting]
    assert all(text.startswith(b"HTTP/1.1 200 ") and text.endswith(b"Hello, world!") for text in answered), answered
    expect_end(proxy, begin, 0, 5)


def test_clients_that_connect_for_each_request_are_served_or_refused_at_the_door(stage):
    proxy = stage.fairlead(config_of(stage.origin("one"), "timeout: 10s"))
    load = stage.load(proxy.url("/"), rate=8000, connections=64, options=["--close"])
    wait_until(lambda: proxy.metric("fairlead_requests_total") > 500)
    expect_end(proxy, terminate(proxy), 0, 5)
    failed = Load.failed(load.stop())
    assert set(failed) == {"connect"}, failed  # none was accepted and then reset


def test_a_request_that_comes_just_after_sigterm_is_served_on_an_idle_connection(stage):
    proxy = stage.fairlead(config_of(stage.origin("one"), "timeout: 10s"))
    client = socket.create_connection(("127.0.0.1", proxy.port), 20)
    wait_until(lambda: proxy.metric("fairlead_connections_open") >= 1)
    begin = terminate(proxy)
    wait_until(lambda: get(proxy.health()).status == 503)
    client.sendall(b"GET / HTTP/1.1\r\nHost: a.org\r\n\r\n")
    text = answer(client)
    assert text.startswith(b"HTTP/1.1 200 ") and b"\r\nConnection: close\r\n" in text, text
    expect_end(proxy, begin, 0, 5)


def test_an_idle_connection_does_not_hold_it_up(stage):
    proxy = stage.fairlead(config_of(stage.origin("one"), "timeout: 60s"))
    clients = [socket.create_connection(("127.0.0.1", proxy.port), 20) for _ in range(5)]
    wait_until(lambda: proxy.metric("fairlead_connections_open") >= 5)
    begin = terminate(proxy)
    assert [answer(client) for client in clients] == [b""] * 5
    expect_end(proxy, begin, 0, 5)


def test_nobody_there_ends_it_at_once(stage):
    proxy = stage.fairlead(config_of(stage.origin("one"), "timeout: 60s"))
    assert get(proxy.url("/")).status == 200
    expect_end(proxy, terminate(proxy), 0, 1.5)


def test_a_stuck_request_ends_at_the_timeout_with_status_0(stage):
    proxy = stage.fairlead(config_of(stage.origin("one"), "grace: 200ms, timeout: 1s"))
    stuck = send(proxy.port, "/delay/60000")
    tunnel = send(proxy.port, "/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\n")
    assert tunnel.recv(4096).startswith(b"HTTP/1.1 101 ")
    tunnel.sendall(b"ahoy")
    assert tunnel.recv(4096) == b"ahoy"
    wait_until(lambda: proxy.metric("fairlead_requests_active") >= 1)
    begin = terminate(proxy)
    ended = []
    thread = threading.Thread(target=lambda: ended.append(answer_or_error(stuck)))
    thread.start()
    expect_end(proxy, begin, 1.2, 4)
    thread.join(5)
    print(f"  the stuck request got {ended}")
    assert "stop.cut" in proxy.output, proxy.output[-2000:]


def answer_or_error(client):
    try:
        return answer(client)
    except OSError as problem:
        return repr(problem)


def test_a_second_sigterm_ends_it_now(stage):
    proxy = stage.fairlead(config_of(stage.origin("one"), "grace: 30s, timeout: 60s"))
    stuck = send(proxy.port, "/delay/60000")
    wait_until(lambda: proxy.metric("fairlead_requests_active") >= 1)
    terminate(proxy)
    wait_until(lambda: get(proxy.health()).status == 503)
    expect_end(proxy, terminate(proxy), 0, 1, status=128 + signal.SIGTERM)
    stuck.close()


def test_sigterm_while_it_starts_ends_it_with_status_0(stage):
    # Waits a second for a Redis that does not answer: long enough to be told to stop meanwhile.
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        store = f"store: {{redis: 'redis://127.0.0.1:{silent.getsockname()[1]}/0'}}\n"
        proxy = stage.fairlead(store, wait=False)
        proxy.wait_for_output("config.read")
        expect_end(proxy, terminate(proxy), 0, 3)


if __name__ == "__main__":
    main()
