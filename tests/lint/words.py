#!/usr/bin/env python3
"""Constructs that CONTRIBUTING.md rules out, by name."""
import re

from tree import files, read, report, without_comments

# (pattern, where it is looked for, where it is allowed, what to do instead)
RULES = [
    (r"\bdetached\b", r"", r"$^", "start coroutines with spawn, which reports what escapes"),
    (r"\b(enable_)?shared_from_this\b", r"", r"$^", "a coroutine owns its connection"),
    (r"\bawaitable_operators\b", r"", r"$^", "a deadline or a close ends an operation"),
    (r"\bstring_body\b", r"proxy/|discovery/", r"$^", "bodies are streamed through one buffer"),
    (r"\bexpires_(after|at)\b", r"proxy/", r"proxy/aio/", "deadlines are net::Deadline's"),
    (r"\bstd::(recursive_|shared_)?mutex\b", r"proxy/", r"proxy/base/log|proxy/net/reactor|proxy/upstream/resolver", "one thread a worker: post a value"),
    (r"\b(make_)?strand\b", r"proxy/|discovery/|control/", r"$^", "one io_context a thread"),
    (r"asio::detail::", r"", r"$^", "Asio's details are not an interface"),
    (r"\bstd::atomic_?\w*<(std|boost)::(shared_ptr|local_shared_ptr)", r"", r"$^",
     "snapshots are posted to the workers"),
    (r"\b(TODO|FIXME|XXX)\b", r"", r"$^", "finish it, or file it"),
    (r"this_thread::sleep_|\bu?sleep\(", r"tests/|proxy/|discovery/|control/", r"tests/support/",
     "wait for a condition with a deadline"),
]

findings = []
for path in files(".hpp", ".cpp"):
    code = read(path)
    for pattern, where, allowed, instead in RULES:
        text = code if pattern.startswith(r"\b(TODO") else without_comments(code)
        if re.match(where, path) and not re.match(allowed, path):
            findings += [(f"{path}:{text.count(chr(10), 0, found.start()) + 1}", f"{found.group()}: {instead}")
                         for found in re.finditer(pattern, text)]
report(findings)
