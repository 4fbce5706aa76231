#!/usr/bin/env python3
"""The docs name every reason, every metric and every configuration key."""
import re

from tree import files, read, report


def missing(names, doc, kind, source):
    text = "".join(read(path) for path in files(".md", under="docs") if path.startswith(doc))
    return [(source, f"{kind} `{name}` does not stand in {doc}") for name in names
            if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]


def keys():
    """The last part of each path in the table of keys: `listeners[].tls.min_version` -> min_version."""
    paths = []
    for path in files(".cpp", under="control"):
        if "config_schema" in path:
            paths += re.findall(r'(?:_at|later)\(\s*"([\w.\[\]{}*<>]+)"|\.path = "([\w.\[\]{}*<>]+)"', read(path))
    names = {re.sub(r"[\[\]{}*<>]+", "", (a or b)).rpartition(".")[2] for a, b in paths}
    return sorted(name for name in names if name)


reasons = re.findall(r"^FAIRLEAD_REASON\((\w+)", read("proxy/base/reasons.def"), re.MULTILINE)
metrics = re.findall(r'^FAIRLEAD_METRIC\(\w+, \w+, "(\w+)"', read("proxy/metrics/catalog.def"), re.MULTILINE)
report(missing(reasons, "docs/reasons.md", "reason", "proxy/base/reasons.def") +
       missing(metrics, "docs/", "metric", "proxy/metrics/catalog.def") +
       missing(keys(), "docs/configuration.md", "key", "control/config/config_schema.cpp"))
