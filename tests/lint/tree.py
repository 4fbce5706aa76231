"""The files that the lints look at, and how a finding is told."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files(*endings, under=""):
    """Paths from the root of what git tracks or would track, sorted."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", under or "."],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return sorted({path for path in listed
                   if path.endswith(endings) and os.path.exists(os.path.join(ROOT, path))})


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def without_comments(text):
    """The same lines, // comments gone (a // inside a string takes the rest of its line with it)."""
    return re.sub(r"//[^\n]*", "", text)


def report(findings):
    """Prints each (place, what is wrong) and ends the program: status 1 when there is one."""
    for place, what in findings:
        print(f"{place}: {what}")
    sys.exit(1 if findings else 0)
