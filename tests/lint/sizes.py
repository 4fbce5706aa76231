#!/usr/bin/env python3
"""Files of at most 500 lines, functions of at most 60: what is longer hides a second thing."""
import re

from tree import files, read, report

FILE_LINES = 500
FUNCTION_LINES = 60


def long_functions(path, lines):
    """Functions as clang-format lays them out: a line that opens, and `}` at the same depth."""
    opened = None
    for number, line in enumerate(lines, 1):
        depth = len(line) - len(line.lstrip())
        if opened is None:
            starts = re.search(r"\)[\w\s:&,<>()-]*\{$", line) and depth <= 4
            if starts and not re.match(r"\s*(if|for|while|switch|namespace|class|struct|\}|TEST_CASE)\b", line):
                # A constructor's initialisers stand deeper than its closing brace.
                opened = (number, depth - 4 if line.lstrip().startswith(": ") else depth)
        elif depth == opened[1] and line.lstrip().startswith("}"):
            if number - opened[0] + 1 > FUNCTION_LINES:
                yield f"{path}:{opened[0]}", f"a function of {number - opened[0] + 1} lines, {FUNCTION_LINES} at most"
            opened = None


findings = []
for source in files(".hpp", ".cpp", ".py", ".sh", ".def", "tests/run.sh"):
    content = read(source).splitlines()
    if len(content) > FILE_LINES:
        findings.append((source, f"{len(content)} lines, {FILE_LINES} at most"))
    if source.endswith((".hpp", ".cpp")):
        findings += long_functions(source, content)
report(findings)
