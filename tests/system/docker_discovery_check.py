#!/usr/bin/env python3
"""Docker discovery against a real engine: what is published for run, stop, kill, restart, pause, rm.

    docker_discovery_check.py PATH-OF-docker_discovery_probe

Exit status 77: it could not run here (the reason is printed after SKIPPED).
"""
import json
import queue
import subprocess
import sys
import threading
import time

from docker_engine import DockerEngine, Unavailable

BUSYBOX = "/bin/busybox"
SERVE = [BUSYBOX, "httpd", "-f", "-p", "80"]
# httpd ends on SIGTERM at once; this one takes its time, so that draining can be seen.
SLOW_TO_STOP = [BUSYBOX, "sh", "-c", f"trap '{BUSYBOX} sleep 1; exit 0' TERM; {BUSYBOX} httpd -p 80; "
                                     f"while :; do {BUSYBOX} sleep 0.1; done"]


class Probe:
    """The published states, in order."""

    def __init__(self, program, socket):
        self.process = subprocess.Popen([program, socket], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self._states = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.seen = []

    def _read(self):
        for line in self.process.stdout:
            self._states.put(json.loads(line))

    def until(self, wanted, seconds=20):
        """The first state from here on whose summary is `wanted`; all passed over are kept in `seen`."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                state = self._states.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no state '{wanted}'; seen: {self.seen[-5:]}") from None
            self.seen.append(summary(state))
            if self.seen[-1] == wanted:
                return state

    def close(self):
        self.process.stdin.close()
        return self.process.wait(20)


def summary(state):
    services = [f"{name}[{' '.join(e['admission'] for e in endpoints)}]"
                for name, endpoints in sorted(state["services"].items())]
    return " ".join(services + state["routes"])


def lag(state):
    """Milliseconds from the engine's event to the published state."""
    return (state["at"] - state["caused_at"]) / 1e6


def check(engine, probe):
    lags = {}
    labels = {"fairlead.host": "a.org", "fairlead.service": "web"}
    probe.until("")

    engine.run("web-1", "web:1", labels, port=80)
    state = probe.until("web[ready] a.org web")
    lags["run"] = lag(state)
    first = state["services"]["web"][0]
    assert first["address"] == f"127.0.0.1:{engine.published('web-1', 80)}", first
    engine.run("other", "web:1", port=80)  # no label of ours

    before = len(probe.seen)
    engine.kill("web-1", "HUP")  # which the kernel keeps from a first process without a handler
    engine.run("web-2", "web:1", labels, port=80, command=SLOW_TO_STOP)
    probe.until("web[ready ready] a.org web")
    assert len(probe.seen) == before + 1, probe.seen[before:]
    engine.rm("web-1")
    probe.until("web[ready] a.org web")

    before = len(probe.seen)
    engine.stop("web-2")
    lags["stop: kill to draining"] = lag(probe.until("web[draining] a.org web"))
    lags["stop: die to gone"] = lag(probe.until("web[] a.org web"))
    assert len(probe.seen) == before + 2, probe.seen[before:]

    engine.start("web-2")
    old = probe.until("web[ready] a.org web")["services"]["web"][0]["identity"]
    engine.pause("web-2")
    lags["pause"] = lag(probe.until("web[paused] a.org web"))
    engine.unpause("web-2")
    lags["unpause"] = lag(probe.until("web[ready] a.org web"))

    engine.restart("web-2")
    probe.until("web[draining] a.org web")
    probe.until("web[] a.org web")
    state = probe.until("web[ready] a.org web")
    lags["restart: start to ready"] = lag(state)
    new = state["services"]["web"][0]
    assert new["identity"] != old, new
    assert new["address"] == f"127.0.0.1:{engine.published('web-2', 80)}", new

    engine.kill("web-2")
    probe.until("web[] a.org web")
    engine.rm("web-2")
    probe.until("")

    engine.run("bad", "web:1", {**labels, "fairlead.weight": "heavy"}, port=80)
    state = probe.until("")
    assert len(state["rejected"]) == 1 and "label fairlead.weight" in state["rejected"][0], state
    engine.rm("bad")

    engine.run("sick", "web:1", labels, port=80,
               options=["--health-cmd", f"{BUSYBOX} test -e /well", "--health-interval", "200ms",
                        "--health-retries", "2", "--stop-timeout", "1"])
    probe.until("web[starting] a.org web")
    probe.until("web[unhealthy] a.org web")
    engine.docker("exec", "sick", BUSYBOX, "touch", "/well")
    lags["health"] = lag(probe.until("web[ready] a.org web"))

    engine.restart_engine()
    engine.start("sick")
    probe.until("web[ready] a.org web", seconds=60)
    engine.rm("sick")
    probe.until("")
    return lags





def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        engine = DockerEngine()
    except Unavailable as why:
        print(f"SKIPPED: {why}")
        sys.exit(77)
    with engine:
        with open("/bin/busybox", "rb") as file:
            busybox = file.read()
        engine.image("web:1", {BUSYBOX: busybox, "/bin/sh": busybox}, SERVE)
        probe = Probe(sys.argv[1], engine.socket)
        try:
            for what, milliseconds in check(engine, probe).items():
                print(f"{what}: {milliseconds:.1f} ms from the engine's event to the published state")
        finally:
            status = probe.close()
        assert status == 0, f"the probe ended with status {status}"
    print("PASSED")


if __name__ == "__main__":
    main()
