#!/usr/bin/env python3
"""What becomes of each single request while its container goes away, on a real Docker Engine.

docker_deploy_test.py counts failures over whole deploys; here every request is known with its time, so
that a lost one can be held against the moment at which its container closed, died or changed hands.
"""
import atexit
import datetime
import functools
import re
import time

from docker_engine import DockerEngine, Unavailable
from harness import binary, free_port, get, main, skip, wait_until
from steady_clients import SteadyClients

NAMES = ("web-1", "web-2", "web-3")


@functools.lru_cache(maxsize=None)
def engine_or_reason():
    """One for all tests of this file: it takes seconds to start."""
    try:
        engine = DockerEngine()
    except Unavailable as why:
        return None, str(why)
    atexit.register(engine.close)
    engine.image("origin:1", {"/origin": binary("fairlead-origin")}, ["/origin"])
    return engine, None


class Site:
    """Fairlead that finds the containers of the engine, and those that this test started."""

    def __init__(self, stage):
        self.engine, reason = engine_or_reason()
        if reason:
            skip(reason)
        self._names = []
        stage.at_end(self.remove_all)
        self.proxy = stage.fairlead(f'discovery: {{docker: {{socket: "{self.engine.socket}"}}}}')

    def run(self, name, service="web", host="a.org", host_port=""):
        command = ["/origin", "--listen", "0.0.0.0:80", "--name", name, "--on-term=refuse", "--term-delay=300"]
        labels = {"fairlead.host": host, "fairlead.service": service, "fairlead.port": "80"}
        self._names.append(name)
        self.engine.run(name, "origin:1", labels, options=["--publish", f"127.0.0.1:{host_port}:80"],
                        command=command)

    def remove(self, name):
        self._names.remove(name)
        self.engine.docker("rm", "--force", name)

    def remove_all(self):
        for name in list(self._names):
            self.remove(name)

    def endpoints(self, service="web"):
        found = get(self.proxy.admin(f"/services/{service}"))
        return found.json()["endpoints"] if found.status == 200 else []

    def states(self, service="web"):
        return sorted(endpoint["state"] for endpoint in self.endpoints(service))

    def wait_ready(self, count, service="web"):
        wait_until(lambda: self.states(service) == ["ready"] * count,
                   what=f"{count} endpoints of {service} are ready")

    def run_three(self):
        for name in NAMES:
            self.run(name)
        self.wait_ready(3)

    def report(self, clients, what):
        again = self.proxy.metric("fairlead_attempts_repeated_total")
        print(f"  {what}: {clients.summary()}; {again:.0f} sent again", flush=True)


def seconds_of(text):
    return datetime.datetime.strptime(text[:23] + "+0000", "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


def stop_each_in_turn(site):
    """When each stop began and when its application had closed its listener, by the engine's clock of its last
    words; how long Fairlead went on choosing it is printed."""
    begun = []
    moments = []
    for name in NAMES:
        begun.append(time.time())
        site.engine.stop(name)
        last_words = site.engine.docker("logs", "--timestamps", "--tail", "1", name)
        assert last_words.endswith("refuses connections"), last_words
        moments.append(seconds_of(last_words))
        site.engine.start(name)
        site.wait_ready(3)
    drained = re.findall(r"^(\S+) info endpoint.admission .* after=draining", site.proxy.output, re.MULTILINE)
    assert len(drained) == len(moments), site.proxy.output
    lags = [f"{(seconds_of(drain) - moment) * 1000:.0f} ms" for drain, moment in zip(drained, moments)]
    print(f"  from a closed listener to out of choice: {', '.join(lags)}")
    return list(zip(begun, moments))


def expect_no_loss(site, clients, what):
    site.report(clients, what)
    assert len(clients.records) > 200, clients.summary()
    assert not clients.failed, clients.failed[:5]
    late = [record for record in clients.records if record.end - record.begin > 2]
    assert not late, late[:5]
    assert site.proxy.metric("fairlead_coroutine_failures_total") == 0


def test_slow_requests_end_where_they_began_while_each_container_is_stopped(stage):
    site = Site(stage)
    site.run_three()
    with SteadyClients(site.proxy.port, connections=64, path="/delay/200") as clients:
        stop_each_in_turn(site)
    expect_no_loss(site, clients, "GET of 200 ms, stop")


def test_a_stop_costs_no_request_once_the_engine_has_told_of_it(stage):
    """The engine tells of the signal after it has sent it. A POST that meets the closing application
    before that is lost with any proxy: it may have been acted on, so it is not sent again."""
    site = Site(stage)
    site.run_three()
    with SteadyClients(site.proxy.port, method="POST", path="/echo", body=b"ahoy " * 1000) as clients:
        stops = stop_each_in_turn(site)
    site.report(clients, "POST, stop")
    for record in clients.failed:
        assert record.outcome.startswith("502 "), record
        assert any(record.end > begun and record.begin < closed + 0.05 for begun, closed in stops), record
    assert len(clients.failed) <= len(NAMES), clients.summary()


def test_a_killed_container_costs_at_most_the_requests_it_had_in_flight(stage):
    site = Site(stage)
    site.run_three()
    with SteadyClients(site.proxy.port, connections=64, method="POST", path="/delay/200", body=b"once") as clients:
        wait_until(lambda: len(clients.since(0)) > 100)
        begin = time.time()
        site.engine.kill("web-1")
        end = time.time()
        wait_until(lambda: len(clients.since(end)) > 300)
    site.report(clients, f"POST of 200 ms, kill -9 (the command took {(end - begin) * 1000:.0f} ms)")
    # Begun before the engine said that it is dead, and answered at once.
    assert all(begin - 0.3 < record.begin < end for record in clients.failed), clients.failed
    # 40 of 200 requests a second are under way at any time, a third of them there; p2c makes that even.
    assert len(clients.failed) <= 26, clients.summary()
    assert site.states() == ["ready", "ready"], site.states()


def test_a_killed_container_costs_no_request_that_may_be_repeated(stage):
    site = Site(stage)
    site.run_three()
    with SteadyClients(site.proxy.port, connections=64, path="/delay/200") as clients:
        wait_until(lambda: len(clients.since(0)) > 100)
        site.engine.kill("web-1")
        end = time.time()
        wait_until(lambda: len(clients.since(end)) > 300)
    expect_no_loss(site, clients, "GET of 200 ms, kill -9")


def test_a_paused_container_loses_nothing_that_it_holds(stage):
    site = Site(stage)
    site.run_three()
    with SteadyClients(site.proxy.port) as clients:
        wait_until(lambda: len(clients.since(0)) > 50)
        site.engine.pause("web-1")
        wait_until(lambda: site.states() == ["paused", "ready", "ready"])
        paused = time.time()
        wait_until(lambda: len(clients.since(paused)) > 100)
        meanwhile = {record.origin for record in clients.since(paused)}
        site.engine.unpause("web-1")
        site.wait_ready(3)
        unpaused = time.time()
        wait_until(lambda: "web-1" in {record.origin for record in clients.since(unpaused)})
    assert meanwhile == {"web-2", "web-3"}, meanwhile
    site.report(clients, "GET, pause")
    assert not clients.failed, clients.failed[:5]


def test_a_recycled_port_never_gets_requests_of_its_former_owner(stage):
    site = Site(stage)
    port = free_port()
    site.run("web-1", host_port=port)
    site.run("web-2")
    site.wait_ready(2)
    with SteadyClients(site.proxy.port) as clients:
        wait_until(lambda: "web-1" in {record.origin for record in clients.since(0)})
        before = {endpoint["identity"] for endpoint in site.endpoints()}
        site.engine.stop("web-1")
        site.remove("web-1")
        site.run("other", service="other", host="b.org", host_port=port)
        site.wait_ready(1, "other")
        begin = time.time()
        wait_until(lambda: len(clients.since(begin)) > 200)
        assert get(site.proxy.url("/name"), host="b.org").text == "other"
    expect_no_loss(site, clients, "GET, a recycled port")
    assert {record.origin for record in clients.records} == {"web-1", "web-2"}
    assert site.endpoints("other")[0]["identity"] not in before
    assert site.endpoints("other")[0]["address"] == f"127.0.0.1:{port}"


if __name__ == "__main__":
    main()
