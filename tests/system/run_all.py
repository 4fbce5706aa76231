#!/usr/bin/env python3
"""Runs every system test file beside this one; arguments choose by part of the file's name.

The last line is `N passed, N failed, N skipped`; the exit status is 1 when a test failed.
"""
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS_A_FILE = 900


def run_file(path):
    """The lines PASSED, FAILED and SKIPPED that it printed."""
    print(f"== {os.path.basename(path)}", flush=True)
    process = subprocess.Popen([sys.executable, path], cwd=HERE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace")
    lines = []
    try:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
        status = process.wait(SECONDS_A_FILE)
    finally:
        if process.poll() is None:
            process.kill()
    verdicts = [line.split()[0] for line in lines
                if line.startswith(("PASSED ", "FAILED ", "SKIPPED "))]
    if (status != 0 and "FAILED" not in verdicts) or not verdicts:
        print(f"FAILED {os.path.basename(path)}: ended with status {status}", flush=True)
        verdicts.append("FAILED")
    return verdicts


def main():
    files = sorted(path for path in glob.glob(os.path.join(HERE, "*_test.py"))
                   if len(sys.argv) < 2 or any(part in os.path.basename(path) for part in sys.argv[1:]))
    verdicts = [verdict for path in files for verdict in run_file(path)]
    counts = [verdicts.count(word) for word in ("PASSED", "FAILED", "SKIPPED")]
    print("{} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
