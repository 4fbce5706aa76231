#!/usr/bin/env python3
"""The access log of the real binary: every request a line, rotation under load, standard output, a stuck
pipe, and the ids that join it with other logs."""
import json
import os
import re
import signal
import socket

from harness import Load, free_port, get, main, raw_exchange, request, wait_until

SERVICE = """
access_log: {log}
services:
  web: {{endpoints: ["{endpoint}"]}}
routes:
  - {{host: "*", service: web}}
"""


def config_of(origin, log):
    return SERVICE.format(endpoint=origin.address, log=log)


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert text == "" or text.endswith("\n"), "the last line is not whole"
    return text.splitlines()


def records_of(path):
    return [json.loads(line) for line in lines_of(path)]


def test_each_request_is_a_line_of_json_with_what_is_known(stage):
    origin = stage.origin("one")
    path = os.path.join(stage.folder, "access.log")
    proxy = stage.fairlead(config_of(origin, path))
    get(proxy.url("/bytes/1000?a=b&c=%22"), host="shop.example",
        headers={"User-Agent": 'te"st\\', "Referer": "http://x/", "X-Forwarded-For": "1.2.3.4"})
    request("POST", proxy.url("/echo"), b"x" * 5000, host="shop.example")
    first, second = wait_until(lambda: len(records_of(path)) == 2 and records_of(path))
    expected = {"client": "127.0.0.1", "method": "GET", "host": "shop.example", "path": "/bytes/1000",
                "query": "a=b&c=%22", "protocol": "HTTP/1.1", "status": 200, "service": "web",
                "endpoint": origin.address, "attempts": 1, "user_agent": 'te"st\\', "referer": "http://x/"}
    assert {key: first.get(key) for key in expected} == expected, first
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])
    assert re.fullmatch("[0-9a-f]{32}", first["trace_id"])
    assert 1000 < first["bytes_sent"] < 1500 and 100 < first["bytes_received"] < 500, first
    assert first["snapshot"] >= 1 and "reason" not in first
    assert 0 < first["connect_us"] < first["total_us"] and 0 < first["first_byte_us"] <= first["total_us"]
    assert second["method"] == "POST" and 5000 < second["bytes_received"] < 5500, second
    assert second["connect_us"] == 0, "its connection was open already"


def test_no_request_under_load_is_missing_though_the_file_is_rotated(stage):
    path = os.path.join(stage.folder, "access.log")
    proxy = stage.fairlead(config_of(stage.origin("one"), path))
    load = stage.load(proxy.url("/bytes/13"), rate=3000, connections=16)
    rotated = []
    for number in range(3):
        wait_until(lambda: len(lines_of_running(path)) > 500)
        rotated.append(f"{path}.{number}")
        os.rename(path, rotated[-1])
        proxy.signal(signal.SIGUSR1)
    wait_until(lambda: len(lines_of_running(path)) > 500)
    report = load.stop()
    assert not Load.failed(report), report
    proxy.stop()
    records = [record for name in [*rotated, path] for record in records_of(name)]
    answered = sum(report["status"].values())
    # A request that the load generator did not wait for at its end may be there as well.
    assert answered <= len(records) <= answered + 16, (answered, len(records))
    assert all(record["method"] == "GET" and record["path"] == "/bytes/13" for record in records)
    assert len({record["trace_id"] for record in records}) == len(records)


def lines_of_running(path):
    """Of a file that is being written: the last line may not be whole yet."""
    if not os.path.exists(path):
        return []
    with open(path, "rb") as file:
        return file.read().split(b"\n")[:-1]


def test_standard_output_gets_the_log_and_nothing_else_by_default(stage):
    origin = stage.origin("one")
    silent = stage.fairlead(SERVICE.replace("access_log: {log}\n", "").format(endpoint=origin.address))
    get(silent.url("/name"))
    silent.stop()
    assert '"time"' not in silent.output, silent.output
    proxy = stage.fairlead(config_of(origin, '"-"'))
    get(proxy.url("/name"))
    proxy.signal(signal.SIGUSR1)  # means nothing there, and ends nothing
    get(proxy.url("/name"))
    proxy.stop()
    lines = [line for line in proxy.output.splitlines() if line.startswith("{")]
    assert [json.loads(line)["path"] for line in lines] == ["/name", "/name"], proxy.output


def test_sigusr1_without_an_access_log_ends_nothing(stage):
    proxy = stage.fairlead(config_of(stage.origin("one"), "off"))
    proxy.signal(signal.SIGUSR1)
    assert get(proxy.url("/name")).text == "one"
    proxy.stop()


def test_the_text_format_begins_as_combined(stage):
    path = os.path.join(stage.folder, "access.log")
    proxy = stage.fairlead(config_of(stage.origin("one"), f"{{path: {path}, format: text}}"))
    get(proxy.url("/bytes/10"), host="shop.example", headers={"User-Agent": 'a "b"'})
    proxy.stop()
    line, = lines_of(path)
    combined = (r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET /bytes/10 HTTP/1\.1" 200 \d+ '
                r'"-" "a \\x22b\\x22" host="shop\.example" ')
    assert re.match(combined, line), line


def test_what_never_became_a_request_is_a_line_with_its_reason(stage):
    path = os.path.join(stage.folder, "access.log")
    proxy = stage.fairlead(config_of(stage.origin("one"), path))
    raw_exchange(proxy.port, b"BAD\x01 / HTTP/1.1\r\n\r\n")
    raw_exchange(proxy.port, b"GET /x HTTP/1.1\r\n\r\n")
    proxy.stop()
    first, second = records_of(path)
    assert first["status"] == 400 and first["reason"] in ("bad_method", "bad_request_line"), first
    assert "method" not in first and first["client"] == "127.0.0.1" and first["bytes_sent"] > 100
    assert second["status"] == 400 and second["reason"] == "bad_host" and second["path"] == "/x", second


def test_a_request_without_route_or_endpoint_is_a_line_with_its_reason(stage):
    path = os.path.join(stage.folder, "access.log")
    proxy = stage.fairlead(f"""
        access_log: {path}
        services: {{gone: {{endpoints: ["127.0.0.1:{free_port()}"]}}}}
        routes: [{{host: gone.example, service: gone}}]""")
    get(proxy.url("/"), host="other.example")
    get(proxy.url("/"), host="gone.example")
    proxy.stop()
    no_route, refused = records_of(path)
    assert (no_route["status"], no_route["reason"], no_route["attempts"]) == (404, "no_route", 0)
    assert "service" not in no_route and "endpoint" not in no_route
    assert (refused["status"], refused["reason"], refused["service"]) == (502, "connect_refused", "gone")
    assert refused["attempts"] == 1 and refused["endpoint"].startswith("127.0.0.1:")


def test_an_endpoint_that_does_not_answer_leaves_a_line_with_the_reason(stage):
    path = os.path.join(stage.folder, "access.log")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = stage.fairlead(f"""
            access_log: {path}
            services: {{web: {{endpoints: ["127.0.0.1:{silent.getsockname()[1]}"], timeouts: {{first_byte: 300ms}},
                             retries: {{attempts: 1}}}}}}
            routes: [{{host: "*", service: web}}]""")
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b" 504 " in client.recv(1000)
        proxy.stop()
    record, = records_of(path)
    assert record["status"] == 504 and record["reason"] == "first_byte_timeout", record
    assert record["first_byte_us"] == 0 and record["total_us"] >= 250000, record


def test_a_pipe_that_nobody_reads_costs_lines_and_no_requests(stage):
    pipe = os.path.join(stage.folder, "pipe")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    stage.at_end(lambda: os.close(reader))
    proxy = stage.fairlead(config_of(stage.origin("one"), pipe))
    load = stage.load(proxy.url("/bytes/13"), rate=8000, connections=16)
    wait_until(lambda: proxy.metric("fairlead_access_log_dropped_total") > 100, 30)
    report = load.stop()
    assert not Load.failed(report), report
    assert proxy.metric("fairlead_access_log_lines_total") > 1000
    proxy.stop()
    assert len([line for line in proxy.output.splitlines() if " access_log.failed " in line]) == 1, proxy.output


def test_one_id_stands_in_the_log_and_in_what_the_endpoint_gets(stage):
    path = os.path.join(stage.folder, "access.log")
    proxy = stage.fairlead(config_of(stage.origin("one"), path))
    made = get(proxy.url("/headers")).text.lower()
    root = "1-5759e988-bd862e3fe1be46a994272793"
    from_amzn = get(proxy.url("/headers"), headers={"X-Amzn-Trace-Id": f"Root={root}"}).text.lower()
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    from_w3c = get(proxy.url("/headers"), headers={"traceparent": parent, "tracestate": "a=1"}).text.lower()
    replaced = get(proxy.url("/headers"), headers={"traceparent": "zero", "tracestate": "a=1"}).text.lower()
    proxy.stop()
    ids = [record["trace_id"] for record in records_of(path)]
    assert f"x-amzn-trace-id: root=1-{ids[0][:8]}-{ids[0][8:]}" in made, made
    assert f"traceparent: 00-{ids[0]}-" in made, made
    assert ids[1] == root[2:].replace("-", "")
    assert f"x-amzn-trace-id: root={root}" in from_amzn and f"traceparent: 00-{ids[1]}-" in from_amzn
    assert ids[2] == "0af7651916cd43dd8448eb211c80319c"
    assert f"traceparent: {parent}" in from_w3c and "tracestate: a=1" in from_w3c
    assert "x-amzn-trace-id: root=1-0af76519-16cd43dd8448eb211c80319c;parent=b7ad6b7169203331" in from_w3c
    assert f"traceparent: 00-{ids[3]}-" in replaced and "zero" not in replaced and "tracestate" not in replaced


if __name__ == "__main__":
    main()
