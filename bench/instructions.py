#!/usr/bin/env python3
"""Counts the instructions of the proxy (user space) per request, and compares with bench/baseline.json.

Callgrind counts; ab sends the requests, over connections that stay. One process is measured, between
two points at which nothing is under way: N requests, then 2 N; the difference over N is what one costs,
without what start, connections and clocks cost. More than 5 % above the baseline is a failure: make it
cheaper, or say why it is worth it in the commit that also changes the baseline (--update writes it).
"""
import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from proxies import FAIRLEAD, free_port, wait_for_port, write

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BASELINE = os.path.join(ROOT, "bench", "baseline.json")
ALLOWED_GROWTH = 0.05
# Name -> path. Over one connection at a time: batches would differ from run to run.
CASES = {"GET, 13 B": "/", "GET, 10 KiB": "/bytes/10240"}
# The same string functions on every machine.
ENVIRONMENT = dict(os.environ, GLIBC_TUNABLES="glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX2,-AVX,-ERMS,-FSRM")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=1000, help="N (default: %(default)s)")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "release"),
                        help="folder of the built programs (default: build/release)")
    parser.add_argument("--update", action="store_true", help="write the counts into bench/baseline.json")
    parser.add_argument("--keep", metavar="FOLDER", help="keep callgrind's files there, for callgrind_annotate")
    return parser.parse_args()


def start_origin(options, folder):
    log_name = os.path.join(folder, "origin.log")
    with open(log_name, "w") as log:
        origin = subprocess.Popen([os.path.join(options.bin, "fairlead-origin"), "--on-term", "exit",
                                   "--listen", "127.0.0.1:0"], stdout=log, stderr=log)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with open(log_name) as log:
            found = re.search(r"listening on (127\.0\.0\.1:\d+)", log.read())
        if found:
            return origin, found.group(1)
        time.sleep(0.02)
    origin.kill()
    raise RuntimeError("the origin does not start")


def start_proxy(options, origin, folder):
    port = free_port()
    config = write(folder, "fairlead.yaml", FAIRLEAD.format(
        port=port, origin=origin, folder=folder, name="fairlead", api=free_port(), health=free_port(),
        admin=free_port(), log="off"))
    command = ["valgrind", "--quiet", "--tool=callgrind", "--callgrind-out-file=" + os.path.join(folder, "out"),
               os.path.join(options.bin, "fairlead"), "run", "-c", config]
    with open(os.path.join(folder, "fairlead.log"), "w") as log:
        proxy = subprocess.Popen(command, stdout=log, stderr=log, env=ENVIRONMENT)
    wait_for_port(port, proxy, 60)
    deadline = time.monotonic() + 60
    while not answers(port):  # it listens before it has read its routes
        if time.monotonic() > deadline:
            raise RuntimeError("the proxy does not answer")
        time.sleep(0.05)
    return proxy, port


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


def control(proxy, *words):
    subprocess.run(["callgrind_control", *words, str(proxy.pid)], check=True, capture_output=True)


def load(port, path, count):
    result = subprocess.run(["ab", "-q", "-k", "-n", str(count), "-c", "1", f"http://127.0.0.1:{port}{path}"],
                            check=True, capture_output=True, text=True).stdout
    kept = int(re.search(r"Keep-Alive requests:\s+(\d+)", result).group(1))
    if re.search(r"Non-2xx responses", result) or kept != count:
        raise RuntimeError("not every request was answered on its connection:\n" + result)


def counted(proxy, folder, port, path, count, number):
    """Instructions of the whole process while `count` requests are answered; `number`: of the dump."""
    control(proxy, "--zero")
    load(port, path, count)
    control(proxy, "--dump")
    with open(os.path.join(folder, f"out.{number}")) as dump:
        return int(re.search(r"^(?:totals|summary): (\d+)", dump.read(), re.MULTILINE).group(1))


def measure(options, folder):
    origin, address = start_origin(options, folder)
    proxy = None
    try:
        proxy, port = start_proxy(options, address, folder)
        counts, number = {}, 0
        for name, path in CASES.items():
            load(port, path, 200)  # everything has been needed once
            once = counted(proxy, folder, port, path, options.requests, number + 1)
            twice = counted(proxy, folder, port, path, 2 * options.requests, number + 2)
            number += 2
            counts[name] = round((twice - once) / options.requests)
        return counts
    finally:
        for process in (proxy, origin):
            if process is not None:
                process.send_signal(signal.SIGTERM)
                process.wait(60)


def compare(counts):
    """Prints each case beside the baseline; whether all are good."""
    with open(BASELINE) as file:
        baseline = json.load(file)["instructions_per_request"]
    good = True
    for name, count in counts.items():
        before = baseline.get(name)
        if before is None:
            print(f"FAILED instructions: {name} is not in bench/baseline.json; bench/instructions.py --update writes it")
            good = False
            continue
        change = count / before - 1
        if change > ALLOWED_GROWTH:
            print(f"FAILED instructions: {name}: {count} a request, {change:+.1%} of the {before} in "
                  "bench/baseline.json; where that is worth it, bench/instructions.py --update, in the same commit")
            good = False
            continue
        hint = "; bench/instructions.py --update keeps it so" if change < -ALLOWED_GROWTH else ""
        print(f"PASSED instructions: {name}: {count} a request, {change:+.1%} of the baseline{hint}")
    return good


def main():
    options = arguments()
    missing = [program for program in ("valgrind", "callgrind_control", "ab") if not shutil.which(program)]
    if missing:
        print(f"SKIPPED instructions: {', '.join(missing)} is not installed")
        return 0
    with tempfile.TemporaryDirectory(prefix="fairlead-instructions-") as folder:
        counts = measure(options, folder)
        if options.keep:
            shutil.copytree(folder, options.keep, dirs_exist_ok=True)
    if options.update:
        with open(BASELINE, "w") as file:
            json.dump({"instructions_per_request": counts}, file, indent=2)
            file.write("\n")
    return 0 if compare(counts) else 1


if __name__ == "__main__":
    sys.exit(main())
