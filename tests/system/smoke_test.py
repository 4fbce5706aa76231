#!/usr/bin/env python3
"""The binary from start to stop, as an operator meets it first."""
import subprocess

from harness import Load, binary, get, main, raw_exchange, request, wait_until

SERVICE = """
services:
  web: {{endpoints: [{endpoints}]}}
routes:
  - {{host: "*", service: web}}
"""


def config_of(*origins):
    return SERVICE.format(endpoints=", ".join(f'"{origin.address}"' for origin in origins))


def test_a_request_reaches_an_endpoint_of_the_file(stage):
    origin = stage.origin("one")
    proxy = stage.fairlead(config_of(origin))
    assert get(proxy.url("/name")).text == "one"
    head = get(proxy.url("/headers"), host="shop.example").text.lower()
    assert "host: shop.example" in head
    assert "x-forwarded-for: 127.0.0.1" in head
    proxy.stop()


def test_an_endpoint_on_a_unix_socket_is_served(stage):
    origin = stage.origin("one", listen=f"unix:{stage.folder}/app.sock")
    proxy = stage.fairlead(config_of(origin))
    assert len(get(proxy.url("/bytes/1000000")).body) == 1000000


def test_bodies_pass_unchanged_both_ways(stage):
    proxy = stage.fairlead(config_of(stage.origin("one")))
    body = bytes(range(256)) * 8000
    assert request("POST", proxy.url("/echo"), body).body == body
    chunked = request("POST", proxy.url("/echo"), iter([body[:70000], body[70000:]]))
    assert chunked.headers["Transfer-Encoding"] == "chunked"
    assert chunked.body == body
    assert len(get(proxy.url("/chunked/300000")).body) == 300000
    assert len(get(proxy.url("/close/300000")).body) == 300000


def test_requests_are_balanced_over_the_endpoints(stage):
    origins = [stage.origin(name) for name in ("one", "two", "three")]
    proxy = stage.fairlead(config_of(*origins))
    names = [get(proxy.url("/name")).text for _ in range(60)]
    assert set(names) == {"one", "two", "three"}, names


def test_a_route_added_through_the_api_serves_without_a_restart(stage):
    origin = stage.origin("one")
    proxy = stage.fairlead()
    missing = get(proxy.url("/"), host="shop.example")
    assert (missing.status, missing.reason_code) == (404, "no_route")
    assert request("POST", proxy.api(f"/backends/shop/{origin.address}")).status == 200
    assert request("POST", proxy.api("/frontends/shop.example/shop")).status == 200
    wait_until(lambda: get(proxy.url("/name"), host="shop.example").text == "one")
    assert "shop.example" in proxy.command("routes").stdout


def test_a_route_of_the_api_outlives_a_restart(stage):
    origin = stage.origin("one")
    state = f'store: {{embedded: "{stage.folder}/kept"}}\n'
    first = stage.fairlead(state)
    request("POST", first.api(f"/backends/shop/{origin.address}"))
    request("POST", first.api("/frontends/shop.example/shop"))
    first.stop()
    second = stage.fairlead(state)
    wait_until(lambda: get(second.url("/name"), host="shop.example").text == "one")


def test_a_changed_file_takes_effect_and_a_bad_one_changes_nothing(stage):
    one, two = stage.origin("one"), stage.origin("two")
    proxy = stage.fairlead(config_of(one))
    load = stage.load(proxy.url("/"), rate=200)
    proxy.write(config_of(two))
    wait_until(lambda: get(proxy.url("/name")).text == "two")
    proxy.write("services: {web: {polizy: p2c}}")
    proxy.wait_for_output("polizy")
    assert get(proxy.url("/name")).text == "two"
    report = load.stop()
    assert report["requests"] > 0 and not Load.failed(report), report


def test_a_bad_file_ends_check_with_status_2_and_its_place(stage):
    path = f"{stage.folder}/bad.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write("services:\n  web:\n    polizy: p2c\n")
    result = subprocess.run([binary("fairlead"), "check", "-c", path], capture_output=True, text=True, check=False)
    assert result.returncode == 2, result
    assert f"{path}:3:5: services.web.polizy" in result.stdout + result.stderr, result


def test_sigterm_finishes_what_is_in_flight_and_says_503_to_the_balancer(stage):
    origin = stage.origin("one")
    proxy = stage.fairlead(config_of(origin) + "shutdown: {grace: 500ms, timeout: 10s}\n")
    assert get(proxy.health()).status == 200
    slow = stage.start("slow", ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", proxy.url("/delay/1500")])
    wait_until(lambda: proxy.metric("fairlead_requests_active") >= 1)
    proxy.process.terminate()
    wait_until(lambda: get(proxy.health()).status == 503)
    assert get(proxy.url("/")).status == 200, "requests are still served during the grace time"
    assert proxy.wait(12) == 0
    assert slow.wait(5) == 0 and slow.output == "200", slow.output


def test_a_second_sigterm_ends_it_now(stage):
    proxy = stage.fairlead(config_of(stage.origin("one")) + "shutdown: {timeout: 60s}\n")
    stage.start("slow", ["curl", "-s", proxy.url("/delay/30000")])
    wait_until(lambda: proxy.metric("fairlead_requests_active") >= 1)
    proxy.process.terminate()
    wait_until(lambda: get(proxy.health()).status == 503)
    proxy.process.terminate()
    proxy.wait(5)


def test_ambiguous_framing_reaches_no_endpoint(stage):
    proxy = stage.fairlead(config_of(stage.origin("one")))
    answer = raw_exchange(proxy.port, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                                      b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ") and b"X-Fairlead-Reason: length_and_coding" in answer, answer


if __name__ == "__main__":
    main()
