#!/usr/bin/env python3
"""The embedded store of the real binary: killed under writes, locked, readable, and cheap at 10,000 routes."""
import http.client
import json
import os
import re
import signal
import threading
import time

from harness import get, is_sanitized, main, request, wait_until

OK = b'{"message":"OK"}'


class Writers:
    """Clients that write without a pause until their server is gone; each counts up in a frontend of its own."""

    def __init__(self, port, count, begin):
        self.confirmed = [begin] * count
        self.sent = [begin] * count
        self.wrong = []
        self.threads = [threading.Thread(target=self.write, args=(port, number)) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def write(self, port, number):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            while True:
                value = self.sent[number] + 1
                self.sent[number] = value
                # Both parts of a batch, or none.
                body = json.dumps({"frontends": [{"url": f"w{number}.example", "backend_name": f"n{value}"}],
                                   "backends": [{"name": f"w{number}", "config": {"value": value}}]})
                connection.request("POST", "/batch", body)
                answer = connection.getresponse().read()
                if answer != OK:
                    self.wrong.append(answer)
                    return
                self.confirmed[number] = value
        except (OSError, http.client.HTTPException):
            return

    def join(self):
        for thread in self.threads:
            thread.join(20)
        assert not self.wrong, self.wrong[:3]


def test_killed_in_a_loop_under_writes_it_has_all_that_it_confirmed_and_no_half(stage):
    store = f'store: {{embedded: "{stage.folder}/kept"}}'
    clients, last, total = 4, 0, 0
    for round_number in range(10):
        proxy = stage.fairlead(store)
        writers = Writers(proxy.api_port, clients, last)
        wait_until(lambda: min(writers.confirmed) > last + 5 + round_number * 7 % 11, 20, "the writers get on")
        proxy.signal(signal.SIGKILL)
        proxy.wait()
        writers.join()
        total += sum(writers.confirmed) - clients * last

        proxy = stage.fairlead(store)
        frontends = {entry["url"]: entry["backend_name"] for entry in get(proxy.api("/frontends")).json()["data"]}
        for number in range(clients):
            value = int(frontends[f"w{number}.example"].removeprefix("n"))
            assert writers.confirmed[number] <= value <= writers.sent[number], (round_number, number, value)
            config = get(proxy.api(f"/backends/w{number}/config/value")).json()["data"]
            assert int(config) == value, f"half of a batch: {config} and {value}"
        proxy.stop()
        assert "store.damaged" not in proxy.output
        last = max(writers.sent)
    print(f"  {total} writes were confirmed, none is lost")


def test_a_folder_serves_one_process_and_the_second_says_so(stage):
    store = f'store: {{embedded: "{stage.folder}/kept"}}'
    stage.fairlead(store)
    second = stage.fairlead(store, wait=False)
    assert second.wait(10) == 1
    assert "is in use by another process" in second.output


def test_the_journal_tells_who_did_what_and_when(stage):
    proxy = stage.fairlead()
    request("POST", proxy.api("/frontends/x.com/web"))
    request("PUT", proxy.api("/backends/web/10.0.0.1%3A80"))
    with open(os.path.join(proxy.state, "store.jsonl"), encoding="utf-8") as journal:
        header, *lines = [json.loads(line) for line in journal]
    assert header["fairlead_store"] == 2
    assert [line["do"] for line in lines] == [
        [["set_frontend", "x.com", "web"]], [["delete_backend", "web"], ["set_server", "web", "10.0.0.1:80", "0"]]]
    assert all(re.fullmatch(r"api 127\.0\.0\.1:\d+", line["by"]) for line in lines), lines
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["at"]) for line in lines), lines


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_at_10000_routes_a_change_is_answered_in_milliseconds_and_costs_little(stage):
    proxy = stage.fairlead()
    routes = 10000
    body = {"frontends": [{"url": f"h{n}.example", "backend_name": f"b{n}"} for n in range(routes)],
            "backends": [{"name": f"b{n}", "servers": [f"10.{n // 65536}.{n // 256 % 256}.{n % 256}:80"]}
                         for n in range(routes)]}
    assert request("POST", proxy.api("/batch"), body, timeout=60).body == OK
    connection = http.client.HTTPConnection("127.0.0.1", proxy.api_port, timeout=20)
    changes, rate, times = 300, 100, []
    cpu_before, begin = cpu_seconds(proxy), time.monotonic()
    for number in range(changes):
        due = begin + number / rate
        while time.monotonic() < due:
            time.sleep(max(0, due - time.monotonic()))
        sent = time.monotonic()
        connection.request("POST", f"/backends/b{number}/10.9.0.{number % 250 + 1}%3A80")
        assert connection.getresponse().read() == OK
        times.append(time.monotonic() - sent)
    share = (cpu_seconds(proxy) - cpu_before) / (time.monotonic() - begin)
    times.sort()
    p99 = times[len(times) * 99 // 100] * 1000
    print(f"  {routes} routes, {rate} changes/s: p50 {times[len(times) // 2] * 1000:.1f} ms, p99 {p99:.1f} ms, "
          f"{share * 100:.1f} % of a core")
    if not is_sanitized():
        # The promise is 10 ms and 10 %: three times that for a machine that does something else as well.
        assert p99 < 30 and share < 0.3, (p99, share)
    begin = time.monotonic()
    assert len(get(proxy.api("/frontends"), timeout=60).json()["data"]) == routes
    print(f"  GET /frontends: {(time.monotonic() - begin) * 1000:.0f} ms with reading")


if __name__ == "__main__":
    main()
