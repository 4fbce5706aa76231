#!/usr/bin/env python3
"""No braces and no lambda captures in an expression with co_await or co_spawn.

g++ 12 destroys such temporaries twice or too early. Name the object on the line before.
"""
import re

from tree import files, read, report, without_comments


def check(path):
    text = re.sub(r"^#.*", "", without_comments(read(path)), flags=re.MULTILINE)
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)
    for found in re.finditer(r"\b(co_await|co_spawn)\b", text):
        begin = max(text.rfind(mark, 0, found.start()) for mark in (";", "{\n", "}\n")) + 1
        # The statement ends at its semicolon, or where the block of an if, a for or a while opens.
        end = re.compile(r";|\)\s*\{\s*\n").search(text, found.end())
        statement = text[begin:end.start() if end else len(text)]
        # for (auto x = ...; ...) and the braces of an enclosing one-line block are before co_await.
        expression = statement[statement.rfind(found.group(1)):]
        place = f"{path}:{text.count(chr(10), 0, found.start()) + 1}"
        if re.search(r"[{}]", expression):
            yield place, f"a brace in an expression with {found.group(1)}: name the object first"
        elif re.search(r"\[[^\]\n]*\]\s*\(", expression):
            yield place, f"a lambda in an expression with {found.group(1)}: use a named function"
        elif re.search(r"[\w>]\{[^\n]*$", statement[:statement.rfind(found.group(1))].rpartition("\n")[2]):
            yield place, f"a braced temporary before {found.group(1)}: name the object first"


report([finding for path in files(".hpp", ".cpp") for finding in check(path)])
