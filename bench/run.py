#!/usr/bin/env python3
"""Measures Fairlead beside nginx and HAProxy: same origin, same client, interleaved rounds.

Each proxy has one worker, pinned to CPU 0; client and origin share CPU 1. The byte relay is the floor:
it knows no HTTP. Medians over the rounds; the ratio is to the better of nginx and HAProxy, in CPU time
of the proxy's processes per request (below 1: Fairlead costs less).
"""
import argparse
import collections
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from measure import measure, run_own_load, run_wrk, system_calls
from proxies import PROXIES, Missing, Running

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROXY_CPU, CLIENT_CPU = 0, 1

# variant: how each proxy runs. tcp and unix: where its origin is; log: with an access log in
# a file, Fairlead's in JSON, the others' in their usual formats.
Case = collections.namedtuple("Case", "name path connections variant close")
CASES = [
    Case("13 B, 64 connections", "/", 64, "tcp", False),
    Case("10 KiB, 64 connections", "/bytes/10240", 64, "tcp", False),
    Case("13 B, 1 connection", "/", 1, "tcp", False),
    Case("13 B, 1000 connections", "/", 1000, "tcp", False),
    Case("1 MiB, 16 connections", "/bytes/1048576", 16, "tcp", False),
    Case("13 B, 64 connections, origin on a Unix socket", "/", 64, "unix", False),
    Case("13 B, a connection per request", "/", 64, "tcp", True),
    Case("13 B, 64 connections, access log", "/", 64, "log", False),
]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    parser.add_argument("--proxies", default=",".join(PROXIES), help="comma list (default: %(default)s)")
    parser.add_argument("--cases", default="", help="only cases whose name contains this")
    parser.add_argument("--client", choices=["wrk", "fairlead-load"],
                        default="wrk" if shutil.which("wrk") else "fairlead-load")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "release"),
                        help="folder of the built programs (default: build/release)")
    parser.add_argument("--syscalls", action="store_true", help="also count system calls (strace)")
    parser.add_argument("--json", metavar="FILE", help="write every round's figures there")
    parser.add_argument("--update-docs", action="store_true",
                        help="put the tables into docs/performance.md")
    parser.add_argument("--quick", action="store_true",
                        help="one short round of each case, to see that it all still works")
    options = parser.parse_args()
    options.bin = os.path.abspath(options.bin)
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


def start_origin(options, folder):
    """(process, "127.0.0.1:PORT", "unix:PATH")"""
    path = "unix:" + os.path.join(folder, "origin.sock")
    command = [os.path.join(options.bin, "fairlead-origin"), "--on-term", "exit",
               "--listen", "127.0.0.1:0", "--listen", path]
    origin = Running("origin", command, CLIENT_CPU, folder)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with open(origin.log) as log:
            found = re.search(r"listening on (127\.0\.0\.1:\d+)", log.read())
        if found:
            os.chmod(path.removeprefix("unix:"), 0o777)
            return origin, found.group(1), path
        time.sleep(0.02)
    origin.stop()
    raise RuntimeError("the origin does not start")


def start_proxies(options, cases, tcp, unix, folder, running):
    """{(name, variant): process}; a proxy that is not here is left out and said so."""
    started = {}
    for name in options.proxies.split(","):
        try:
            for variant in sorted({case.variant for case in cases}):
                origin = unix if variant == "unix" else tcp
                log = os.path.join(folder, name + "-access.log") if variant == "log" else None
                proxy = PROXIES[name](f"{name}-{variant}", origin, PROXY_CPU, folder, options, log)
                running.append(proxy)
                started[name, variant] = proxy
        except Missing as reason:
            print(f"{name} is left out: {reason}", file=sys.stderr)
    return started


def choose_client(options):
    if options.client == "wrk":
        return run_wrk
    program = os.path.join(options.bin, "fairlead-load")
    return lambda url, case, seconds, cpu: run_own_load(program, url, case, seconds, cpu)


def measure_case(case, proxies, options, client):
    """{proxy: [one result a round]}, the order turning each round so that no one is always first."""
    names = [name for name, variant in proxies if variant == case.variant]
    rounds = {name: [] for name in names}
    if not options.quick:
        for name in names:
            client(f"http://127.0.0.1:{proxies[name, case.variant].port}{case.path}", case, 1, CLIENT_CPU)
    for turn in range(options.rounds):
        for i in range(len(names)):
            name = names[(i + turn) % len(names)]
            proxy = proxies[name, case.variant]
            result = measure(proxy, case, options.seconds, client, CLIENT_CPU)
            rounds[name].append(result)
            proxy.empty_access_log()
            print(f"{case.name}, round {turn + 1}, {name}: {result['requests_per_second']:.0f}/s, "
                  f"{result['cpu_us']:.2f} us/request, {result['failed']} failed", file=sys.stderr)
    return rounds


def medians(rounds):
    return {key: statistics.median(result[key] for result in rounds) for key in rounds[0]}


def table(case, middle):
    """One markdown table of a case."""
    rivals = [middle[name]["cpu_us"] for name in ("nginx", "haproxy") if name in middle]
    lines = [f"### {case.name}", "",
             "| proxy | requests/s | p50 us | p99 us | CPU us/request | user | system | failed | CPU ratio |",
             "|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for name, figures in middle.items():
        ratio = f"{figures['cpu_us'] / min(rivals):.2f}" if rivals and min(rivals) > 0 else "-"
        lines.append(
            f"| {name} | {figures['requests_per_second']:.0f} | {figures['p50_us']:.0f} "
            f"| {figures['p99_us']:.0f} | {figures['cpu_us']:.2f} | {figures['user_us']:.2f} "
            f"| {figures['system_us']:.2f} | {figures['failed']:.0f} | {ratio} |")
    return "\n".join(lines) + "\n"


def version_of(command):
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        return (result.stdout + result.stderr).strip().splitlines()[0]
    except (OSError, IndexError):
        return "not here"


def setting(options):
    """What the figures depend on, as one paragraph."""
    with open("/proc/cpuinfo") as cpuinfo:
        model = re.search(r"model name\s*:\s*(.*)", cpuinfo.read())
    environment_path = os.environ.get("PATH", "") + ":/usr/sbin"
    nginx = shutil.which("nginx", path=environment_path) or "nginx"
    haproxy = shutil.which("haproxy", path=environment_path) or "haproxy"
    return (f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} CPUs, "
            f"Linux {platform.release()}; {version_of([nginx, '-v'])}; {version_of([haproxy, '-v'])}; "
            f"client {options.client}; {options.rounds} rounds of {options.seconds} s, medians.\n")


def update_docs(text):
    """Replaces what stands between the two markers of docs/performance.md."""
    path = os.path.join(ROOT, "docs", "performance.md")
    with open(path) as file:
        before, begin, rest = file.read().partition("<!-- begin of what bench/run.py wrote -->\n")
    _, end, after = rest.partition("<!-- end of what bench/run.py wrote -->")
    command = " ".join(["bench/run.py"] + sys.argv[1:])
    day = time.strftime("%Y-%m-%d")
    with open(path, "w") as file:
        file.write(f"{before}{begin}\nMade by `{command}` on {day}. {text}\n{end}{after}")


def run(options, folder, running):
    origin, tcp, unix = start_origin(options, folder)
    running.append(origin)
    cases = [case for case in CASES if options.cases in case.name]
    proxies = start_proxies(options, cases, tcp, unix, folder, running)
    client = choose_client(options)
    report, tables, failed = {}, [], 0
    for case in cases:
        rounds = measure_case(case, proxies, options, client)
        middle = {name: medians(results) for name, results in rounds.items()}
        report[case.name] = {"rounds": rounds, "medians": middle}
        tables.append(table(case, middle))
        failed += sum(r["failed"] for results in rounds.values() for r in results)
        if options.syscalls:
            calls = {name: system_calls(proxies[name, case.variant], case, 1, client, CLIENT_CPU)
                     for name in rounds}
            report[case.name]["system_calls"] = calls
            tables.append("\n".join(
                f"- {name}: {sum(by_name.values()):.2f} system calls a request: " +
                ", ".join(f"{call} {count:.2f}" for call, count in by_name.items())
                for name, by_name in calls.items()) + "\n")
    text = "\n".join([setting(options)] + tables)
    print(text)
    if options.update_docs:
        update_docs(text)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(report, file, indent=1)
    return 1 if options.quick and failed else 0


def main():
    options = arguments()
    running = []
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as folder:
        os.chmod(folder, 0o755)  # nginx's worker is another user
        try:
            return run(options, folder, running)
        finally:
            for process in reversed(running):
                process.stop()


if __name__ == "__main__":
    sys.exit(main())
