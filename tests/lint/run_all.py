#!/usr/bin/env python3
"""Runs every lint of this folder; the last line is `N passed, N failed, N skipped`."""
import glob
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NEEDS = {"format.sh": "clang-format", "shell.sh": "shellcheck"}
HELPERS = {"tree.py", "run_all.py"}


def run(path):
    name = os.path.basename(path)
    needed = NEEDS.get(name)
    if needed and not shutil.which(needed):
        print(f"SKIPPED lint {name}: {needed} is not installed")
        return "skipped"
    result = subprocess.run([sys.executable if name.endswith(".py") else "bash", path], capture_output=True, text=True)
    verdict = "passed" if result.returncode == 0 else "failed"
    if verdict == "failed":
        print((result.stdout + result.stderr).rstrip())
    print(f"{verdict.upper()} lint {name}", flush=True)
    return verdict


def main():
    checks = sorted(path for path in glob.glob(os.path.join(HERE, "*"))
                    if path.endswith((".py", ".sh")) and os.path.basename(path) not in HELPERS)
    verdicts = [run(path) for path in checks]
    print("{} passed, {} failed, {} skipped".format(*map(verdicts.count, ("passed", "failed", "skipped"))))
    return 1 if "failed" in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
