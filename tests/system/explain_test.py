#!/usr/bin/env python3
"""What an operator is told: why a request goes where it goes, what has changed, what a file would change."""
import http.server
import json
import os
import socketserver
import subprocess
import threading

from harness import binary, get, main, request, wait_until

FILE = """
services:
  web:
    policy: round_robin
    endpoints: ["{one}", "{two}"]
routes:
  - {{host: a.example, service: web}}
  - {{host: a.example, path: /beta, service: web, match: {{headers: {{x-beta: "*"}}}}}}
  - {{host: "*.example", service: web, deny: [10.0.0.0/8]}}
"""


class FakeEngine(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A container engine with one container, on a Unix socket."""
    daemon_threads = True
    labels = {"fairlead.host": "shop.example", "fairlead.service": "shop", "fairlead.drain": "7s",
              "fairlead.weight": "3"}

    def __init__(self, path, port):
        self.container = {
            "Id": "c" * 64, "Name": "/shop-1", "Created": "2026-01-01T00:00:00Z",
            "State": {"Status": "running", "StartedAt": "2026-01-01T00:00:01Z"},
            "Config": {"Image": "shop", "Labels": self.labels, "ExposedPorts": {"80/tcp": {}}},
            "HostConfig": {"NetworkMode": "default"},
            "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]},
                                "Networks": {}}}
        self.is_over = threading.Event()
        super().__init__(path, FakeEngineHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.is_over.set()
        self.shutdown()
        self.server_close()


class FakeEngineHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass

    def do_GET(self):  # pylint: disable=invalid-name
        if "/events" in self.path:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            self.server.is_over.wait()
            return
        container = self.server.container
        answer = container if container["Id"] in self.path else [{"Id": container["Id"], "Labels": FakeEngine.labels}]
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def explain(proxy, *words):
    result = proxy.command("explain", *words, "--json")
    assert result.returncode == 0, result
    return json.loads(result.stdout)


def three_sources(stage):
    one, two = stage.origin("one"), stage.origin("two")
    socket = f"{stage.folder}/docker.sock"
    engine = FakeEngine(socket, one.port)
    stage.at_end(engine.close)
    proxy = stage.fairlead(FILE.format(one=one.address, two=two.address) +
                           f"discovery: {{docker: {{socket: {socket}}}}}\n")
    assert request("POST", proxy.api(f"/backends/stored/{two.address}")).status == 200
    assert request("POST", proxy.api("/frontends/stored.example/stored")).status == 200
    wait_until(lambda: explain(proxy, "GET", "http://stored.example/")["answer"]["by"] == "endpoint")
    wait_until(lambda: explain(proxy, "GET", "http://shop.example/")["services"][0]["name"] == "shop")
    return proxy


def origins_of(page):
    return {setting["key"]: setting["origin"] for setting in page["services"][0]["settings"]}


def test_explain_names_the_route_and_the_origin_of_every_setting_for_each_source(stage):
    proxy = three_sources(stage)
    line = 1 + open(proxy.config, encoding="utf-8").read().splitlines().index("    policy: round_robin")

    of_file = explain(proxy, "GET", "http://a.example/beta/1", "-H", "X-Beta: 1")
    assert of_file["route"]["conditions"] == "header x-beta", of_file["route"]
    assert [route["verdict"] for route in of_file["routes"]] == ["chosen", "shorter_path", "wider_host"], of_file
    assert origins_of(of_file)["policy"] == f"file: {proxy.config}:{line}:5"
    assert origins_of(of_file)["drain"] == "default"
    assert all(endpoint["can_be_picked"] for endpoint in of_file["services"][0]["endpoints"])
    without = explain(proxy, "GET", "http://a.example/beta/1")
    assert without["routes"][0]["why"] == "its condition does not hold: header x-beta", without["routes"]

    of_store = explain(proxy, "GET", "http://stored.example/x")
    assert of_store["route"]["origin"] == {"source": "store", "place": "frontend:stored.example"}
    assert of_store["routes"][1]["verdict"] == "wider_host"

    of_docker = explain(proxy, "GET", "http://shop.example/x")
    place = "container shop-1 (cccccccccccc) label"
    assert of_docker["route"]["origin"]["place"] == f"{place} fairlead.host"
    assert of_docker["services"][0]["endpoints"][0]["weight_origin"] == f"docker: {place} fairlead.weight"
    assert origins_of(of_docker)["drain"] == f"docker: {place} fairlead.drain"

    text = proxy.command("explain", "GET", "http://x.example/", "--client", "10.0.0.7").stdout
    assert "Fairlead answers 403 client_not_allowed" in text, text
    assert get(proxy.url("/name"), host="x.example").status == 200


def test_explain_says_the_same_as_a_request_gets(stage):
    proxy = three_sources(stage)
    for host in ("a.example", "b.example", "stored.example", "shop.example", "nowhere.test", "example"):
        answer = explain(proxy, "GET", f"http://{host}/name", "--client", "127.0.0.1")["answer"]
        reply = get(proxy.url("/name"), host=host)
        assert (reply.reason_code or "endpoint") == answer.get("reason", answer["by"]), (host, answer, reply)


def test_explain_of_a_bad_question_ends_with_status_2_and_what_is_allowed(stage):
    proxy = stage.fairlead()
    for words in (["GET", "a.example"], ["G T", "http://a.example/"], ["GET", "http://a/", "-H", "nonsense"],
                  ["GET", "http://a/", "--client", "nobody"]):
        result = proxy.command("explain", *words)
        assert result.returncode == 2 and "allowed: " in result.stderr, result
    assert get(proxy.admin("/explain?url=nonsense")).status == 400


def test_an_ejected_endpoint_is_explained_with_its_reason(stage):
    one = stage.origin("one")
    proxy = stage.fairlead(FILE.format(one=one.address, two="127.0.0.1:1"))
    wait_until(lambda: get(proxy.url("/name"), host="a.example").status == 200 and
               proxy.metric("fairlead_ejections_total") >= 1)
    page = explain(proxy, "GET", "http://a.example/")
    ejected = page["services"][0]["endpoints"][1]
    assert ejected["state"] == "ejected" and ejected["ejected_for"] == "connect_refused", ejected
    assert not ejected["can_be_picked"] and page["services"][0]["endpoints"][0]["can_be_picked"]


def test_events_tell_each_change_and_who_made_it(stage):
    one = stage.origin("one")
    proxy = stage.fairlead(FILE.format(one=one.address, two="127.0.0.1:1"))
    follower = stage.start("events", [binary("fairlead"), "events", "--json", "--admin", proxy.admin("").rstrip("/")])
    wait_until(lambda: '"name":"a.example/"' in follower.output, what="the tail comes first")
    request("POST", proxy.api(f"/backends/shop/{one.address}"))
    request("POST", proxy.api("/frontends/shop.example/shop"))
    wait_until(lambda: '"name":"shop.example/"' in follower.output, what="then what comes")
    events = [json.loads(line) for line in follower.output.splitlines()]
    added = next(event for event in events if event["name"] == "shop.example/")
    assert added["event"] == "route.added" and added["after"] == "shop", added
    assert added["who"].startswith("api 127.0.0.1"), added
    assert added["origin"] == "store: frontend:shop.example", added
    assert [event["id"] for event in events] == sorted(event["id"] for event in events)

    request("DELETE", proxy.api("/frontends/shop.example"))
    wait_until(lambda: "route.removed" in follower.output)
    rest = proxy.command("events", "--no-follow", "--since", str(added["id"]))
    assert rest.returncode == 0 and "route.removed" in rest.stdout and "route.added" not in rest.stdout, rest
    wait_until(lambda: f"who={added['who'].split(':')[0]}" in proxy.output.replace('"', ""),
               what="the log names who, too")

    proxy.stop()
    assert follower.wait(10) == 1, "a follower ends with what it follows"


def test_diff_shows_what_a_file_would_change_and_changes_nothing(stage):
    one = stage.origin("one")
    proxy = stage.fairlead(FILE.format(one=one.address, two="127.0.0.1:1"))
    same = proxy.command("diff", "-c", proxy.config)
    assert (same.returncode, same.stdout) == (0, ""), same

    with open(proxy.config, encoding="utf-8") as file:
        text = file.read()
    other = os.path.join(stage.folder, "other.yaml")
    with open(other, "w", encoding="utf-8") as file:
        file.write(text.replace("policy: round_robin", "policy: p2c").replace("host: a.example, service", "host: b.example, service")
                   + "limits: {headers: 10}\n")
    different = proxy.command("diff", "-c", other)
    assert different.returncode == 1, different
    for expected in ("web policy", "round_robin -> p2c", "route.added", "route.removed", "limits.headers", "128 -> 10",
                     "needs a restart: limits"):
        assert expected in different.stdout, (expected, different.stdout)
    assert get(proxy.url("/name"), host="a.example").status == 200
    assert proxy.command("diff", "-c", proxy.config).returncode == 0

    with open(other, "w", encoding="utf-8") as file:
        file.write("services: {web: {polizy: p2c}}\n")
    bad = proxy.command("diff", "-c", other)
    check = subprocess.run([binary("fairlead"), "check", "-c", other], capture_output=True, text=True, check=False)
    assert bad.returncode == 2 and bad.stderr == check.stderr, (bad, check)
    missing = proxy.command("diff", "-c", other + ".none")
    assert missing.returncode == 2, missing


def test_config_has_each_value_with_its_origin(stage):
    proxy = three_sources(stage)
    page = get(proxy.admin("/config")).json()
    values = {setting["key"]: setting for setting in page["settings"] + page["services"]}
    assert values["listeners[0].bind"]["origin"].startswith(f"file: {proxy.config}:"), values["listeners[0].bind"]
    assert values["limits.headers"] == {"key": "limits.headers", "value": "128", "origin": "default"}
    assert values["services.shop.drain"]["value"] == "7s"
    assert values["services.shop.drain"]["origin"].endswith("label fairlead.drain")


if __name__ == "__main__":
    main()
