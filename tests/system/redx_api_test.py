#!/usr/bin/env python3
"""Redx's API by its table of requests and answers (golden/redx_api.txt) over both stores, Warden's calls as
plain curl, who may write, and bodies of any size."""
import json
import os
import subprocess

from harness import connect, get, main, need_program, raw_exchange, request, wait_until
from redis_deployments_test import Cluster

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden", "redx_api.txt")
OK = '{"message":"OK"}'


class Exchange:
    """A request of the table and what is expected of its answer."""

    def __init__(self, line, number):
        self.number = number
        self.method, self.target = line.split(" ", 1)
        self.headers, self.body = {}, []
        self.status, self.answer, self.fields = None, "", {"Content-Type": "application/json"}

    def check(self, base):
        connection, _ = connect(base)
        body = "\n".join(self.body).encode() if self.body else None
        connection.request(self.method, self.target, body=body, headers=self.headers)
        response = connection.getresponse()
        got = response.read().decode()
        connection.close()
        place = f"golden/redx_api.txt:{self.number}: {self.method} {self.target}"
        assert response.status == self.status, f"{place}: {response.status} {got}"
        for name, value in self.fields.items():
            assert response.headers[name] == value, f"{place}: {name} is {response.headers[name]!r}"
        if self.method == "HEAD":
            assert response.headers["Content-Length"] == str(len(self.answer.encode())), place
        else:
            assert got == self.answer, f"{place}:\n{got}\nexpected\n{self.answer}"


class RedisLook:
    """What redis-cli has to say after the exchanges before it."""

    def __init__(self, line, number):
        self.number = number
        self.command, self.expected = line.rsplit(" = ", 1)

    def check(self, redis):
        got = " ".join(redis.cli(*self.command.split()).splitlines())
        assert got == self.expected, f"golden/redx_api.txt:{self.number}: {self.command}: {got!r}"


def read_golden():
    steps = []
    with open(GOLDEN, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            mark, _, rest = line.rstrip("\n").partition(" ")
            if mark == ">":
                steps.append(Exchange(rest, number))
            elif mark == ">:":
                name, value = rest.split(": ", 1)
                steps[-1].headers[name] = value
            elif mark == ">|":
                steps[-1].body.append(rest)
            elif mark == "<":
                status, answer = rest.split(" ", 1)
                if steps[-1].target == "/export":
                    answer = answer.replace("\\n", "\n")
                steps[-1].answer = answer
                steps[-1].status = int(status)
            elif mark == "<:":
                name, value = rest.split(": ", 1)
                steps[-1].fields[name] = value
            elif mark == "@":
                steps.append(RedisLook(rest, number))
            else:
                assert not mark or mark.startswith("#"), f"golden/redx_api.txt:{number}: what is this?"
    return steps


def run_golden(proxy, redis=None):
    exchanges = 0
    for step in read_golden():
        if isinstance(step, Exchange):
            step.check(proxy.api())
            exchanges += 1
        elif redis:
            step.check(redis)
    print(f"  {exchanges} exchanges")
    assert exchanges > 100


def over_redis(stage, more="", **options):
    redis = stage.redis(**options)
    proxy = stage.fairlead(f"store: {{redis: '{redis.url}'}}\n{more}")
    wait_until(lambda: get(proxy.api("/health")).status == 200)
    return proxy, redis


def test_the_api_over_the_embedded_store_answers_as_the_table_says(stage):
    run_golden(stage.fairlead())


def test_the_api_over_redis_answers_as_the_table_says(stage):
    proxy, redis = over_redis(stage)
    run_golden(proxy, redis)


def test_the_api_over_a_redis_cluster_answers_as_the_table_says(stage):
    cluster = Cluster(stage)
    proxy = stage.fairlead(f"store: {{redis: {cluster.store}}}")
    wait_until(lambda: get(proxy.api("/health")).status == 200)
    run_golden(proxy)


def test_an_http_1_0_request_without_host_is_served(stage):
    proxy = stage.fairlead()
    answer = raw_exchange(proxy.api_port, b"GET /health HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.") and b" 200 " in answer.split(b"\r\n")[0], answer
    assert answer.endswith(OK.encode()), answer


def test_the_page_for_people_is_html_and_the_openapi_document_names_every_path(stage):
    proxy = stage.fairlead()
    page = get(proxy.api("/test"))
    assert page.status == 200 and page.headers["Content-Type"].startswith("text/html"), page
    document = get(proxy.api("/openapi.json")).json()
    assert document["openapi"].startswith("3.0"), document
    operations = [(path, verb) for path, verbs in document["paths"].items() for verb in verbs]
    assert len(operations) > 20, operations
    identifiers = [document["paths"][path][verb]["operationId"] for path, verb in operations]
    assert len(set(identifiers)) == len(identifiers), identifiers
    text = json.dumps(document)
    for part in set(text.split('"#/components/')[1:]):  # no reference leads nowhere
        kind, name = part.split('"')[0].split("/")
        assert name in document["components"][kind], part
    for path, verb in operations:
        target = path.replace("{", "").replace("}", "")
        reply = request(verb.upper(), proxy.api(target), body="{}" if path == "/batch" else None)
        listed = document["paths"][path][verb]["responses"]
        assert str(reply.status) in listed, f"{verb} {path}: {reply.status} is not among {list(listed)}"
        assert reply.status in (200, 404) and "Not found" not in reply.text, f"{verb} {path}: {reply}"
        named = sorted(part[1:-1] for part in path.split("/") if part.startswith("{"))
        given = document["paths"][path][verb].get("parameters", [])
        assert sorted(parameter["name"] for parameter in given) == named, path
    # And each verb that a path answers is in the document.
    for path, verbs in document["paths"].items():
        target = path.replace("{", "").replace("}", "")
        allow = request("PATCH", proxy.api(target)).headers["Allow"]
        assert {verb.lower() for verb in allow.split(", ")} - {"head"} == set(verbs), (path, allow)


def test_wardens_calls_as_plain_curl(stage):
    curl = need_program("curl")
    for proxy in (stage.fairlead(), over_redis(stage)[0]):
        def call(*words, at=proxy):
            *options, path = words
            return subprocess.run([curl, "-s", *options, at.api(path)], capture_output=True, text=True,
                                  timeout=20, check=True).stdout
        assert call("-X", "POST", "/frontends/elb.example%2Ffcgi-bin%2F/shop") == OK
        assert "Entry does not exist" in call("/backends/shop")
        assert call("-X", "POST", "/backends/shop/172.17.0.2%3A8080") == OK
        assert call("-X", "POST", "/backends/shop/172.17.0.3%3A8080") == OK
        assert '"servers":["172.17.0.2:8080","172.17.0.3:8080"]' in call("/backends/shop")
        assert call("-X", "DELETE", "/backends/shop/172.17.0.2:8080") == OK
        assert '"servers":["172.17.0.3:8080"]' in call("/backends/shop")
        assert call("-X", "DELETE", "/backends/shop/172.17.0.3:8080") == OK
        assert "Entry does not exist" in call("/backends/shop")


def test_a_batch_may_be_as_large_as_the_configured_limit_and_above_it_is_413(stage):
    proxy = stage.fairlead("api: {bind: '127.0.0.1:0', max_body: 4MiB}")
    port = proxy.wait_for_output(r"API http://127.0.0.1:(\d+)").group(1)
    batch = f"http://127.0.0.1:{port}/batch"

    def body_of(count):
        return json.dumps({
            "frontends": [{"url": f"host{n}.example/path/", "backend_name": f"backend{n}"} for n in range(count)],
            "backends": [{"name": f"backend{n}", "servers": [[f"10.{n // 65536}.{n // 256 % 256}.{n % 256}:80", n]]}
                         for n in range(count)]})
    large = body_of(20000)
    assert 2_000_000 < len(large) < 4 * 1024 * 1024
    assert request("POST", batch, large).text == OK
    # The same in chunks, with another verb.
    assert request("PUT", batch, iter([large[:70000].encode(), large[70000:].encode()])).text == OK
    listed = get(f"http://127.0.0.1:{port}/frontends").json()["data"]
    assert len(listed) == 20000

    too_large = body_of(40000)
    assert len(too_large) > 4 * 1024 * 1024
    reply = request("POST", batch, too_large)
    assert reply.status == 413, reply
    assert reply.text == '{"message":"the body is larger than 4194304 bytes"}', reply
    assert reply.headers["Content-Type"] == "application/json"
    assert len(get(f"http://127.0.0.1:{port}/frontends").json()["data"]) == 20000


def other_address():
    """An address of this machine that is not loopback; traffic to it does not leave the machine."""
    words = subprocess.run(["hostname", "-I"], capture_output=True, text=True, timeout=5, check=False).stdout.split()
    return next((word for word in words if "." in word and not word.startswith("127.")), None)


def test_without_a_token_only_this_machine_may_write(stage):
    address = other_address()
    proxy = stage.fairlead("api: {bind: '0.0.0.0:0'}")
    port = proxy.wait_for_output(r"API http://0.0.0.0:(\d+)").group(1)
    assert request("POST", f"http://127.0.0.1:{port}/frontends/x.com/web").text == OK
    if address is None:
        print("  this machine has no other address: writing from elsewhere is a unit test only")
        return
    # To one's own address one comes from it, so this is a client from elsewhere.
    away = f"http://{address}:{port}"
    assert get(f"{away}/frontends/x.com").json()["data"] == "web"
    for method, path in (("POST", "/frontends/x.com/other"), ("DELETE", "/flush"), ("PUT", "/batch")):
        reply = request(method, away + path, body="{}")
        assert reply.status == 403 and "api.token" in reply.json()["message"], reply
    assert get(f"{away}/frontends/x.com").json()["data"] == "web"


def test_with_a_token_all_but_health_and_test_needs_it(stage):
    proxy = stage.fairlead("api: {bind: '127.0.0.1:0', token: '${API_TOKEN}'}", env={"API_TOKEN": "sesame-open"})
    port = proxy.wait_for_output(r"API http://127.0.0.1:(\d+)").group(1)
    base = f"http://127.0.0.1:{port}"
    assert get(base + "/health").status == 200 and get(base + "/test").status == 200
    for method, path in (("GET", "/frontends"), ("POST", "/frontends/x.com/web"), ("GET", "/nothing")):
        reply = request(method, base + path)
        assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, 'Bearer realm="fairlead"'), reply
        assert "message" in reply.json(), reply
        reply = request(method, base + path, headers={"Authorization": "Bearer sesame-opem"})
        assert reply.status == 401 and "invalid_token" in reply.headers["WWW-Authenticate"], reply
    shown = {"Authorization": "bearer sesame-open"}
    assert request("POST", base + "/frontends/x.com/web", headers=shown).text == OK
    assert request("GET", base + "/frontends/x.com", headers=shown).json()["data"] == "web"
    assert "sesame" not in proxy.output


def test_a_unix_socket_counts_as_this_machine(stage):
    path = f"{stage.folder}/api.sock"
    stage.fairlead(f"api: {{bind: 'unix:{path}'}}")
    assert request("POST", f"unix:{path}:/frontends/x.com/web").text == OK
    assert request("GET", f"unix:{path}:/frontends/x.com").json()["data"] == "web"


def test_what_redis_refuses_is_a_500_with_its_reason_and_nothing_is_done(stage):
    proxy, redis = over_redis(stage)
    redis.cli("SET", "backend:text", "no hash")
    redis.cli("RPUSH", "frontend:list.example", "id", "http://10.0.0.1:80")
    wrong = "WRONGTYPE Operation against a key holding the wrong kind of value"
    for method, path in (("POST", "/backends/text/10.0.0.1:80"), ("GET", "/backends/text"),
                         ("GET", "/frontends/list.example"), ("PUT", "/backends/text/config/a/b")):
        reply = request(method, proxy.api(path))
        assert (reply.status, reply.json()["message"]) == (500, wrong), (method, path, reply)
    # Redis would carry out the rest of a MULTI: what is known to be of another type refuses all of it.
    wait_until(lambda: "backend:text" in get(proxy.admin("/routes")).text)
    mixed = {"frontends": [{"url": "a.example", "backend_name": "web"}],
             "backends": [{"name": "web", "servers": ["a:1"]}, {"name": "text", "servers": ["a:1"]}]}
    reply = request("POST", proxy.api("/batch"), body=mixed)
    assert (reply.status, reply.json()["message"]) == (500, wrong), reply
    assert redis.cli("EXISTS", "frontend:a.example", "backend:web") == "0"
    assert request("PUT", proxy.api("/batch"), body=mixed).status == 200  # it begins with deleting them
    assert redis.cli("TYPE", "backend:text") == "hash"
    assert request("DELETE", proxy.api("/batch"), body=mixed).status == 200
    redis.cli("CONFIG", "SET", "maxmemory", "1")
    body = {"frontends": [{"url": "a.example", "backend_name": "web"}], "backends": [{"name": "web", "servers": ["a:1"]}]}
    for method, path in (("POST", "/batch"), ("PUT", "/batch"), ("PUT", "/backends/web/10.0.0.1:80"),
                         ("POST", "/frontends/a.example/web")):
        reply = request(method, proxy.api(path), body=body)
        assert reply.status == 500 and "OOM" in reply.json()["message"], (method, path, reply)
    redis.cli("CONFIG", "SET", "maxmemory", "0")
    assert redis.cli("EXISTS", "frontend:a.example", "backend:web") == "0"
    redis.kill()
    for method, path in (("GET", "/frontends"), ("POST", "/batch"), ("GET", "/orphans"), ("DELETE", "/orphans"),
                         ("GET", "/health"), ("DELETE", "/flush")):
        reply = request(method, proxy.api(path), body="{}")
        assert reply.status == 500, reply
        assert reply.text == '{"message":"Error connecting to redis: connection refused"}', reply


if __name__ == "__main__":
    main()
