#!/usr/bin/env python3
"""docs/migrating-from-redx.md, command by command: against a real Redis, the real binary and two origins.

Its ```sh blocks are run in order by one shell each, in one folder, with the document's ports replaced by free
ones; the ```text block behind one is exactly what it prints. "sh background" goes on until the end, "sh
eventually" is tried until it succeeds, for two seconds.
"""
import http.server
import os
import re
import subprocess
import threading

from harness import ROOT, binary, free_port, main, need_program, wait_until

DOCUMENT = os.path.join(ROOT, "docs", "migrating-from-redx.md")
ORIGINS = {"9001": "shop", "9002": "cart", "7700": "fallback"}


class Application(http.server.BaseHTTPRequestHandler):
    """Says which of the two it is, whatever the path."""

    def do_GET(self):
        body = self.server.name.encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def serve(stage, port, name):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Application)
    server.name = name
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stage.at_end(server.server_close)
    stage.at_end(server.shutdown)


def blocks():
    """(kind, text) of each fenced block."""
    with open(DOCUMENT, encoding="utf-8") as file:
        return re.findall(r"^```(\S+(?: \S+)?)\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)


class Reader:
    """Somebody who follows the document."""

    def __init__(self, stage):
        self.stage = stage
        self.ports = {}
        self.environment = {"PATH": f"{os.path.dirname(os.path.abspath(binary('fairlead')))}:{os.environ['PATH']}"}

    def replaced(self, text):
        """A port of ours in the place of each of the document's."""
        def ours(match):
            port = match.group(2)
            return match.group(1) + str(self.ports.setdefault(port, free_port()))
        return re.sub(r"((?::|%3A|-p ))(6379|7700|80\d\d|900\d|9901)\b", ours, text)

    def port(self, number):
        return int(self.replaced(f":{number}")[1:])

    def run(self, text, check=True):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], capture_output=True, text=True, timeout=30,
                              check=False, cwd=self.stage.folder, env={**os.environ, **self.environment})
        assert not check or done.returncode == 0, f"{text}\nexit status {done.returncode}\n{done.stdout}{done.stderr}"
        return done


def test_the_migration_from_redx_works_as_it_is_written(stage):
    for program in ("curl", "redis-cli"):
        need_program(program)
    reader = Reader(stage)
    stage.redis(port=reader.port(6379))
    for number, name in ORIGINS.items():
        serve(stage, reader.port(number), name)
    printed, runs = None, 0
    for kind, text in blocks():
        text = reader.replaced(text)
        if kind == "sh":
            printed = reader.run(text).stdout
            runs += 1
        elif kind == "sh eventually":
            wait_until(lambda command=text: reader.run(command, check=False).returncode == 0, 2, text)
        elif kind == "sh background":
            stage.start("fairlead", ["bash", "-c", "exec " + text], reader.environment)
            health = f"curl -sf http://127.0.0.1:{reader.port(8082)}/health"
            wait_until(lambda: reader.run(health, check=False).returncode == 0, 15, "fairlead serves")
            state = f"curl -s http://127.0.0.1:{reader.port(9901)}/healthz"
            wait_until(lambda: re.search(r'"connected": ?true', reader.run(state).stdout), 5, "it finds Redis")
        elif kind == "text":
            assert printed.strip() == text.strip(), f"printed:\n{printed}\nthe document says:\n{text}"
    assert runs > 8, runs


if __name__ == "__main__":
    main()
