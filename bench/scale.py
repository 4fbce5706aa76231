#!/usr/bin/env python3
"""Measures what many routes and many changes cost: load, memory, how soon a change is effective.

Fills a store with routes `hN.test` to backends of one server each, starts Fairlead, and changes things
through the API while it serves. One figure a line, with what it is held against; exit code 1 if one is
worse than that. Needs `cmake --preset release && cmake --build --preset release` and redis-server.
"""
import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--routes", type=int, default=10000)
    parser.add_argument("--store", choices=["redis", "embedded"], default="redis")
    parser.add_argument("--changes", type=int, default=1000, help="timed one by one")
    parser.add_argument("--flood", type=int, default=100000, help="changes before memory is compared")
    parser.add_argument("--rounds", type=int, default=6,
                        help="of load with 100 changes a second and without")
    parser.add_argument("--seconds", type=int, default=10, help="of each round")
    parser.add_argument("--rate", type=int, default=3000, help="requests a second during rounds")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "release"))
    return parser.parse_args()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, seconds=10):
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def backend_of(number):
    return f"b{number}"


class Stage:
    """The processes: origin, store and proxy."""

    def __init__(self, options):
        self.options = options
        self.folder = tempfile.TemporaryDirectory()
        self.processes = []
        self.traffic, self.api, self.admin, self.health = (free_port() for _ in range(4))
        self.origin = free_port()
        self.redis = free_port()
        self._spawn(self._program("fairlead-origin"), "--listen", f"127.0.0.1:{self.origin}")
        wait_for_port(self.origin)
        if options.store == "redis":
            self._spawn("redis-server", "--port", str(self.redis), "--bind", "127.0.0.1",
                        "--save", "", "--dir", self.folder.name)
            wait_for_port(self.redis)
            self._fill_redis()

    def _program(self, name):
        return os.path.join(self.options.bin, name)

    def _spawn(self, *command, **more):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **more)
        self.processes.append(process)
        return process

    def server(self):
        return f"127.0.0.1:{self.origin}"

    def _fill_redis(self):
        commands = []
        for i in range(self.options.routes):
            commands.append(("SET", f"frontend:h{i}.test", backend_of(i)))
            commands.append(("HSET", f"backend:{backend_of(i)}", self.server(), "0"))
        wire = b"".join(
            b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words)
            for words in commands)
        with socket.create_connection(("127.0.0.1", self.redis), 30) as connection:
            sender = threading.Thread(target=connection.sendall, args=(wire,))
            sender.start()
            left = len(commands)
            while left > 0:
                left -= connection.recv(65536).count(b"\r\n")
            sender.join()

    def launch(self):
        store = (f"redis: redis://127.0.0.1:{self.redis}/0" if self.options.store == "redis"
                 else f"embedded: {self.folder.name}/state")
        config = os.path.join(self.folder.name, "fairlead.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"""
                listeners: [{{bind: "127.0.0.1:{self.traffic}"}}]
                api: {{bind: "127.0.0.1:{self.api}"}}
                admin: {{bind: "127.0.0.1:{self.admin}"}}
                health: {{bind: "127.0.0.1:{self.health}"}}
                store: {{{store}}}
                """)
        self.proxy = self._spawn(self._program("fairlead"), "run", "-c", config, "--log-level", "error",
                                 stderr=subprocess.DEVNULL)
        wait_for_port(self.api)

    def halt(self):
        self.proxy.terminate()
        self.proxy.wait()

    def start(self):
        """Starts the proxy; seconds until it serves the last route."""
        began = time.monotonic()
        self.launch()
        self.wait_for(f"h{self.options.routes - 1}.test")
        return time.monotonic() - began

    def wait_for(self, host, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if Asker(self.traffic).status(host) == 200:
                    return
            except OSError:
                pass
            time.sleep(0.01)
        raise SystemExit(f"{host} is not served within {seconds} s")

    def resident_mib(self):
        with open(f"/proc/{self.proxy.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        raise SystemExit("no VmRSS")

    def end(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.folder.cleanup()


class Asker:
    """A keep-alive connection to the proxy, with as little of a client as possible."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def status(self, host):
        self.socket.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % host.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            got = self.socket.recv(65536)
            if not got:
                raise OSError("closed")
            answer += got
        head, _, body = answer.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(body) < length:
            body += self.socket.recv(65536)
        return int(head.split()[1])


class Changer:
    """A keep-alive connection to the API."""

    def __init__(self, stage):
        self.stage = stage
        self.connection = http.client.HTTPConnection("127.0.0.1", stage.api, timeout=10)
        self.number = 0

    def call(self, method, path, body=None):
        self.connection.request(method, path, body)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:200]}")

    def fill(self, routes):
        body = {"frontends": [{"url": f"h{i}.test", "backend_name": backend_of(i)}
                              for i in range(routes)],
                "backends": [{"name": backend_of(i), "servers": [self.stage.server()]}
                             for i in range(routes)]}
        self.call("POST", "/batch", json.dumps(body))

    def change(self):
        """Another score, another server, a route more or less: in turn."""
        self.number += 1
        i = self.number % self.stage.options.routes
        server = self.stage.server().replace(":", "%3A")
        if self.number % 4 == 0:
            self.call("PUT", f"/backends/{backend_of(i)}/{server}/score/{self.number}")
        elif self.number % 4 == 1:
            self.call("POST", f"/backends/{backend_of(i)}/127.0.0.2%3A{self.stage.origin}")
        elif self.number % 4 == 2:
            self.call("PUT", f"/frontends/x{self.number % 1000}.test/{backend_of(i)}")
        else:
            self.call("DELETE", f"/frontends/x{(self.number - 1) % 1000}.test")


def cpu_seconds(pid):
    """Of all threads, by the scheduler's own account: ticks are too coarse for what sleeps so much."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def time_changes(stage, count):
    """Milliseconds from a change's request to the first request that is served by it."""
    changer = Changer(stage)
    asker = Asker(stage.traffic)
    taken = []
    for i in range(count):
        host = f"n{i}.test"
        began = time.monotonic()
        changer.call("PUT", f"/frontends/{host}/{backend_of(i % stage.options.routes)}")
        while True:
            asked = time.monotonic()
            if asker.status(host) == 200:
                break
        taken.append((asked - began) * 1000)
    return taken


def load_round(stage, seconds, rate, act):
    """p99 in us, and the proxy's CPU seconds a second; meanwhile `act` is done 100 times a second."""
    stop = threading.Event()

    def keep_acting():
        due = time.monotonic()
        while not stop.is_set():
            act()
            due += 0.01
            time.sleep(max(0, due - time.monotonic()))

    acting = threading.Thread(target=keep_acting)
    acting.start()
    before = cpu_seconds(stage.proxy.pid)
    output = subprocess.run(
        [os.path.join(stage.options.bin, "fairlead-load"), "--connections", "16", "--duration",
         str(seconds), "--rate", str(rate), "-H", "Host: h7.test", "--json",
         f"http://127.0.0.1:{stage.traffic}/"], capture_output=True, text=True, check=True).stdout
    spent = (cpu_seconds(stage.proxy.pid) - before) / seconds
    stop.set()
    acting.join()
    facts = json.loads(output)
    if any(not code.startswith("2") for code in facts["status"]) or sum(
            count for what, count in facts["errors"].items() if what != "unsent"):
        raise SystemExit(f"requests failed: {facts}")
    return facts["latency_us"]["p99"], spent


def main():
    options = arguments()
    stage = Stage(options)
    bad = []

    def report(what, value, unit, limit):
        verdict = "ok" if value <= limit else "WORSE"
        if value > limit:
            bad.append(what)
        print(f"{what:58} {value:10.2f} {unit:4} (<= {limit:g}) {verdict}", flush=True)

    try:
        if options.store == "embedded":
            stage.launch()
            Changer(stage).fill(options.routes)
            stage.halt()
        report(f"start with {options.routes} routes and services", stage.start(), "s", 2)
        report("resident memory", stage.resident_mib(), "MiB", 150)
        taken = time_changes(stage, options.changes)
        print(f"{'a change through the API, p50':58} {statistics.median(taken):10.2f} ms")
        report("a change through the API, p99", percentile(taken, 0.99), "ms", 10)
        quiet, busy = [], []
        changer = Changer(stage)
        # What the client of the changes costs by itself is in both: it asks the origin instead.
        idler = http.client.HTTPConnection("127.0.0.1", stage.origin, timeout=10)

        def idle():
            idler.request("GET", "/")
            idler.getresponse().read()

        for _ in range(options.rounds):
            quiet.append(load_round(stage, options.seconds, options.rate, idle))
            busy.append(load_round(stage, options.seconds, options.rate, changer.change))
        p99 = [statistics.median(row[0] for row in rows) for rows in (quiet, busy)]
        cpu = [statistics.median(row[1] for row in rows) for rows in (quiet, busy)]
        print(f"{'request p99 without and with 100 changes a second':58} {p99[0]:10.0f} us {p99[1]:.0f} us")
        report("request p99 with 100 changes a second, ratio", p99[1] / p99[0], "", 1.05)
        report("CPU of 100 changes a second, of one core", (cpu[1] - cpu[0]) * 100, "%", 10)
        before = stage.resident_mib()
        began = time.monotonic()
        for _ in range(options.flood):
            changer.change()
        rate = options.flood / (time.monotonic() - began)
        report(f"resident memory after {options.flood} changes, ratio", stage.resident_mib() / before,
               "", 1.05)
        print(f"{'changes a second, one after the other':58} {rate:10.0f}")
    finally:
        stage.end()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
