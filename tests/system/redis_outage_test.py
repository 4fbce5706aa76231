#!/usr/bin/env python3
"""A real redis-server that dies under load and comes back empty, or with what it had.

Traffic goes on from the last state; what Redis holds on its return is what counts, within two seconds.
"""
import os
import time

from harness import Load, get, main, request, wait_until

PROMISED = 2.0  # seconds to converge; docs/configuration.md


class Site:
    """Fairlead over a Redis, and a route to one origin written through the API."""

    def __init__(self, stage, folder=None):
        self.stage = stage
        self.redis = stage.redis(folder=folder)
        self.origin = stage.origin("one")
        self.proxy = stage.fairlead(f"store: {{redis: '{self.redis.url}'}}")
        wait_until(lambda: request("GET", self.proxy.api("/health")).status == 200)

    def write(self, *path):
        return request("POST", self.proxy.api("/" + "/".join(path)))

    def write_route(self):
        assert self.write("backends", "shop", self.origin.address).status == 200
        assert self.write("frontends", "shop.example", "shop").status == 200
        wait_until(lambda: self.answers("shop.example"))

    def answers(self, host):
        return get(self.proxy.url("/name"), host=host).text == "one"

    def load(self):
        load = self.stage.load(self.proxy.url("/"), rate=200, headers=["Host: shop.example"])
        self.serve_for_a_while()
        return load

    def serve_for_a_while(self, requests=100):
        before = self.proxy.metric("fairlead_requests_total")
        wait_until(lambda: self.proxy.metric("fairlead_requests_total") > before + requests)

    def kill_redis(self):
        self.redis.kill()
        wait_until(lambda: not self.source()["connected"])

    def start_redis(self, **options):
        """The moment at which it answered PING again."""
        self.redis = self.stage.redis(port=self.redis.port, **options)
        return time.monotonic()

    def source(self):
        sources = get(self.proxy.admin("/healthz")).json()["sources"]
        return next(source for source in sources if source["source"] == "store")

    def hosts(self):
        return sorted(route["host"] for route in get(self.proxy.admin("/routes")).json()["routes"])

    def converges_to(self, hosts, since, what):
        wait_until(lambda: self.hosts() == hosts, PROMISED - (time.monotonic() - since), f"routes {hosts}")
        print(f"  {what}: converged in {(time.monotonic() - since) * 1000:.0f} ms", flush=True)


def expect_no_failure(report):
    print(f"  {report['requests']} requests, failed: {Load.failed(report) or 'none'}", flush=True)
    assert report["requests"] >= 100 and not Load.failed(report), report


def test_traffic_goes_on_while_redis_is_dead_and_the_api_says_so(stage):
    site = Site(stage)
    site.write_route()
    load = site.load()
    site.kill_redis()
    for method, path in (("POST", "/backends/other/127.0.0.1:9"), ("PUT", "/frontends/b.example/shop"),
                         ("DELETE", "/frontends/shop.example"), ("DELETE", "/flush"),
                         ("GET", "/frontends"), ("GET", "/backends/shop"), ("GET", "/health")):
        begin = time.monotonic()
        reply = request(method, site.proxy.api(path))
        assert time.monotonic() - begin < 6, f"{method} {path} took {time.monotonic() - begin:.1f} s"
        assert reply.status == 500, (method, path, reply)
        assert reply.headers["Content-Type"].startswith("application/json"), reply
        assert "redis" in reply.json()["message"].lower(), reply
    print(f"  {method} {path} answers 500 {reply.text.strip()}; source: {site.source()}")
    assert site.source()["detail"], site.source()
    site.serve_for_a_while()
    assert site.hosts() == ["shop.example"]
    expect_no_failure(load.stop())
    assert site.proxy.metric("fairlead_coroutine_failures_total") == 0


def test_a_redis_that_returns_empty_is_believed(stage):
    site = Site(stage)
    site.write_route()
    load = site.load()
    site.kill_redis()
    site.serve_for_a_while()
    expect_no_failure(load.stop())  # from here on its route may go
    since = site.start_redis()
    site.converges_to([], since, "an empty Redis")
    assert get(site.proxy.url("/"), host="shop.example").reason_code == "no_route"
    site.write_route()  # and writes are taken again


def test_a_redis_that_returns_with_its_data_loses_no_request(stage):
    folder = os.path.join(stage.folder, "redis-data")
    os.mkdir(folder)
    site = Site(stage, folder)
    site.write_route()
    assert site.redis.cli("SAVE") == "OK"
    load = site.load()
    site.kill_redis()
    since = site.start_redis(folder=folder)
    # Written by another while nobody was connected yet, or just after: seen either way.
    assert site.redis.cli("SET", "frontend:new.example", "shop") == "OK"
    site.converges_to(["new.example", "shop.example"], since, "a Redis with its data")
    assert site.answers("new.example")
    wait_until(lambda: site.source()["connected"])
    site.serve_for_a_while()
    assert site.write("frontends", "third.example", "shop").status == 200
    wait_until(lambda: site.answers("third.example"), PROMISED)
    expect_no_failure(load.stop())


def test_a_redis_that_comes_and_goes_loses_no_request(stage):
    folder = os.path.join(stage.folder, "redis-data")
    os.mkdir(folder)
    site = Site(stage, folder)
    site.write_route()
    assert site.redis.cli("SAVE") == "OK"
    load = site.load()
    for round_number in range(3):
        site.kill_redis()
        since = site.start_redis(folder=folder)
        site.redis.cli("SET", f"frontend:round{round_number}.example", "shop")
        assert site.redis.cli("SAVE") == "OK"
        rounds = [f"round{number}.example" for number in range(round_number + 1)]
        site.converges_to([*rounds, "shop.example"], since, f"round {round_number}")
    expect_no_failure(load.stop())


def test_fairlead_starts_without_redis_and_finds_it_later(stage):
    redis = stage.redis()
    redis.kill()
    proxy = stage.fairlead(f"store: {{redis: '{redis.url}'}}")
    assert get(proxy.url("/"), host="shop.example").status == 404
    origin = stage.origin("one")
    redis = stage.redis(port=redis.port)
    redis.cli("HSET", "backend:shop", origin.address, "0")
    redis.cli("SET", "frontend:shop.example", "shop")
    wait_until(lambda: get(proxy.url("/name"), host="shop.example").text == "one", PROMISED)


def test_a_key_written_past_fairlead_is_routed_within_two_seconds(stage):
    site = Site(stage)
    site.write_route()
    for host, change in (("a.example", ("SET", "frontend:a.example", "shop")),
                         (None, ("DEL", "frontend:a.example"))):
        since = time.monotonic()
        site.redis.cli(*change)
        hosts = ["a.example", "shop.example"] if host else ["shop.example"]
        site.converges_to(hosts, since, " ".join(change))


def test_bad_keys_are_listed_with_place_and_reason_and_everything_else_goes_on(stage):
    site = Site(stage)
    site.write_route()
    load = site.load()
    bad = {
        "frontend:list.example": ("LPUSH", "frontend:list.example", "shop"),
        "backend:text": ("SET", "backend:text", "no hash"),
        "frontend:UPPER.example": ("SET", "frontend:UPPER.example", "shop"),
        "frontend:": ("SET", "frontend:", "shop"),
        "backend:junk": ("HSET", "backend:junk", "not an address", "0"),
        "backend:score": ("HSET", "backend:score", site.origin.address, "much"),
        "backend:binary": ("HSET", "backend:binary", "\x01\x7f:99999", "0"),
    }
    for command in bad.values():
        site.redis.cli(*command)
    site.redis.cli("SET", "something:else", "not ours")
    site.redis.cli("SET", "frontend:good.example", "shop")
    wait_until(lambda: site.answers("good.example"), PROMISED + 0.5)

    def rejected():
        entries = get(site.proxy.admin("/routes")).json()["rejected"]
        return {key: [e["why"] for e in entries if key in e["origin"]["place"] and e["why"]] for key in bad}
    wait_until(lambda: all(rejected().values()), PROMISED, "each bad key is listed")
    for key, reasons in rejected().items():
        print(f"  {key}: {reasons[0]}")
    entries = get(site.proxy.admin("/routes")).json()["rejected"]
    assert len(entries) == len(bad), entries
    assert all(entry["origin"]["source"] == "store" for entry in entries), entries
    assert site.hosts() == ["good.example", "shop.example"]
    site.serve_for_a_while()
    expect_no_failure(load.stop())
    for command in bad.values():
        site.redis.cli("DEL", command[1])
    wait_until(lambda: not get(site.proxy.admin("/routes")).json()["rejected"], PROMISED + 0.5)


if __name__ == "__main__":
    main()
