"""What system tests share: processes, ports, HTTP, deadlines. Standard library only.

A test file holds functions `test_<sentence>(stage)` and ends with `harness.main()`. Everything started
through the stage is ended after each test, whatever happened; a test that cannot run calls skip(why).

    def test_a_request_reaches_the_origin(stage):
        origin = stage.origin("one")
        proxy = stage.fairlead(f'''
            services: {{web: {{endpoints: ["{origin.address}"]}}}}
            routes: [{{host: "*", service: web}}]''')
        assert get(proxy.url("/name")).text == "one"
"""
import http.client
import inspect
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import traceback
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Skipped(Exception):
    """The test cannot run here."""


def skip(why):
    raise Skipped(why)


def need_program(name):
    """Its path; skips the test where it is not installed."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return path or skip(f"{name} is not installed")


def binary(name):
    """One of our programs: of FAIRLEAD_BIN_DIR (the tools of FAIRLEAD_TOOLS_DIR, where that is set:
    they need no sanitizer), else of the preset that was built last."""
    chosen = os.environ.get("FAIRLEAD_BIN_DIR")
    if name != "fairlead":
        chosen = os.environ.get("FAIRLEAD_TOOLS_DIR", chosen)
    folders = [chosen] if chosen else [
        os.path.join(ROOT, "build", preset) for preset in ("release", "dev", "asan")]
    paths = [path for path in (os.path.join(folder, name) for folder in folders) if os.path.exists(path)]
    if not paths:
        raise FileNotFoundError(f"{name} is not built (looked in {', '.join(folders)})")
    return max(paths, key=os.path.getmtime)


_next_port = 20000 + os.getpid() % 9000


def free_port():
    """Below the range that outgoing connections take theirs from, and never twice in one run."""
    global _next_port
    while True:
        _next_port = _next_port + 1 if _next_port < 32000 else 20000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", _next_port))
                return _next_port
            except OSError:
                continue


def wait_until(condition, seconds=10, what=None):
    """The first true result of `condition`, tried again until the deadline. What it raises counts as
    not yet, and is shown when the deadline passes."""
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            result = condition()
            if result:
                return result
            last = result
        except (OSError, AssertionError, LookupError, ValueError, http.client.HTTPException) as problem:
            last = problem
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or inspect.getsource(condition).strip()}"
                                 f" (last: {last!r})")
        time.sleep(0.02)


class Reply:
    """An HTTP answer, read to its end."""

    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    @property
    def reason_code(self):
        """Why Fairlead itself answered; None for an endpoint's answer."""
        return self.headers.get("X-Fairlead-Reason")

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:200]!r}>"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def connect(url, timeout=10):
    """(http.client connection, path) for http://HOST:PORT/PATH or unix:/SOCKET:/PATH"""
    if url.startswith("unix:"):
        path, _, target = url[5:].partition(":")
        return _UnixConnection(path, timeout), target or "/"
    parts = urllib.parse.urlsplit(url)
    target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout), target


def request(method, url, body=None, headers=None, host=None, timeout=10):
    """One request on a connection of its own. `body` may be bytes, text, or a value sent as JSON."""
    headers = dict(headers or {})
    if host:
        headers["Host"] = host
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    connection, target = connect(url, timeout)
    try:
        connection.request(method, target, body=body, headers=headers)
        response = connection.getresponse()
        return Reply(response, response.read())
    finally:
        connection.close()


def get(url, **options):
    return request("GET", url, **options)


def raw_exchange(port, data, seconds=5):
    """Sends bytes as they are; everything that comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), seconds) as client:
        client.sendall(data)
        received = b""
        while True:
            piece = client.recv(65536)
            if not piece:
                return received
            received += piece


class Process:
    """A program of the test; its output is in `log`."""

    def __init__(self, stage, name, command, env=None):
        self.name = name
        self.log = os.path.join(stage.folder, f"{name}-{stage.count()}.log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, cwd=stage.folder,
                                            env={**os.environ, **(env or {})})

    @property
    def pid(self):
        return self.process.pid

    @property
    def output(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=10):
        """The exit status."""
        return self.process.wait(seconds)

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait()

    def end(self):
        """Whatever it takes; called after each test."""
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.kill()

    def wait_for_output(self, pattern, seconds=10):
        """The match of a regular expression in the output."""
        def found():
            match = re.search(pattern, self.output)
            if not match and not self.running():
                raise RuntimeError(f"{self.name} ended with status {self.process.returncode}:\n{self.output}")
            return match
        return wait_until(found, seconds, f"{self.name} prints {pattern}")


class Origin(Process):
    """fairlead-origin: a server with a name; `fairlead-origin --help` lists its paths."""

    def __init__(self, stage, name, listen="127.0.0.1:0", on_term="refuse", term_delay=2000):
        super().__init__(stage, name, [binary("fairlead-origin"), "--name", name, "--listen", listen,
                                       "--on-term", on_term, "--term-delay", term_delay])
        self.address = self.wait_for_output(r"listening on (\S+)").group(1)

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])


class Fairlead(Process):
    """A running Fairlead. Where the YAML text names no listener, API, health, admin or store, it gets
    free ports and a folder of the stage; workers: 1."""

    def __init__(self, stage, config="", env=None, wait=True):
        self.stage = stage
        self.port, self.api_port, self.health_port, self.admin_port = (free_port() for _ in range(4))
        self.config = os.path.join(stage.folder, f"fairlead-{stage.count()}.yaml")
        self.state = self.config.replace(".yaml", "-state")
        self.write(config)
        super().__init__(stage, "fairlead", [binary("fairlead"), "run", "-c", self.config], env)
        if wait:
            self.wait_healthy()

    def write(self, config):
        """Writes the file; a running one re-reads it by itself."""
        text = textwrap.dedent(config)
        named = set(re.findall(r"^(\w+):", text, re.MULTILINE))
        defaults = {
            "workers": "1",
            "listeners": f'[{{bind: "127.0.0.1:{self.port}"}}]',
            "api": f'{{bind: "127.0.0.1:{self.api_port}"}}',
            "health": f'{{bind: "127.0.0.1:{self.health_port}"}}',
            "admin": f'{{bind: "127.0.0.1:{self.admin_port}"}}',
            "store": f'{{embedded: "{self.state}"}}',
        }
        head = "".join(f"{key}: {value}\n" for key, value in defaults.items() if key not in named)
        new = self.config + ".new"
        with open(new, "w") as file:
            file.write(head + text + "\n")
        os.replace(new, self.config)

    def wait_healthy(self, seconds=15):
        def healthy():
            if not self.running():
                raise RuntimeError(f"fairlead ended with status {self.process.returncode}:\n{self.output}")
            return get(self.admin("/healthz")).status == 200
        wait_until(healthy, seconds, "fairlead's /healthz says 200")

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def api(self, path=""):
        return f"http://127.0.0.1:{self.api_port}{path}"

    def health(self, path="/health"):
        return f"http://127.0.0.1:{self.health_port}{path}"

    def admin(self, path="/"):
        return f"http://127.0.0.1:{self.admin_port}{path}"

    def metric(self, name):
        """The sum of a metric over its labels."""
        lines = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", get(self.admin("/metrics")).text, re.MULTILINE)
        return sum(float(value) for value in lines)

    def command(self, *words):
        """`fairlead WORDS... --admin URL`: the finished process, its output as text."""
        return subprocess.run([binary("fairlead"), *words, "--admin", self.admin("").rstrip("/")],
                              capture_output=True, text=True, timeout=20, check=False)

    def stop(self, seconds=15):
        """SIGTERM, as an operator would; anything but exit status 0 in time is a failure."""
        self.signal(signal.SIGTERM)
        status = self.wait(seconds)
        assert status == 0, f"fairlead's exit status is {status}:\n{self.output[-2000:]}"


class Redis(Process):
    """A real redis-server without persistence unless `folder` holds its data."""

    def __init__(self, stage, port=None, folder=None, options=()):
        self.port = port or free_port()
        keep = ["--save", "3600 1"] if folder else ["--save", ""]
        super().__init__(stage, "redis", [need_program("redis-server"), "--port", self.port, "--bind",
                                          "127.0.0.1", "--dir", folder or stage.folder,
                                          *keep, "--appendonly", "no", *options])
        wait_until(lambda: self.cli("PING") == "PONG", what="redis answers PING")

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def cli(self, *words):
        result = subprocess.run(["redis-cli", "-p", str(self.port), *map(str, words)],
                                capture_output=True, text=True, timeout=10, check=False)
        return result.stdout.strip()


class Load(Process):
    """fairlead-load in the background; stop() ends it and returns its JSON report."""

    def __init__(self, stage, url, rate=200, connections=8, headers=(), options=()):
        fields = [word for header in headers for word in ("-H", header)]
        super().__init__(stage, "load", [binary("fairlead-load"), "--json", "--duration", 600, "--rate", rate,
                                         "--connections", connections, *fields, *options, url])

    def stop(self):
        self.signal(signal.SIGTERM)
        self.wait(15)
        return json.loads(self.output)

    @staticmethod
    def failed(report):
        """Everything that is not a 2xx or 3xx, by kind. Requests that the load generator did not begin in time, as
        on a busy machine or with all its connections waiting, never reached anybody: they have not failed."""
        bad = {code: n for code, n in report["status"].items() if not code.startswith(("2", "3"))}
        return {**bad, **{kind: n for kind, n in report["errors"].items() if n and kind != "unsent"}}


class Stage:
    """A folder and the processes of one test; all are gone after it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="fairlead-test-")
        os.chmod(self.folder, 0o755)
        self.processes = []
        self._count = 0
        self._cleanups = []

    def count(self):
        self._count += 1
        return self._count

    def keep(self, process):
        self.processes.append(process)
        return process

    def start(self, name, command, env=None):
        return self.keep(Process(self, name, command, env))

    def origin(self, name, **options):
        return self.keep(Origin(self, name, **options))

    def fairlead(self, config="", **options):
        return self.keep(Fairlead(self, config, **options))

    def redis(self, **options):
        return self.keep(Redis(self, **options))

    def load(self, url, **options):
        return self.keep(Load(self, url, **options))

    def at_end(self, function):
        """Called after the test, last one first, before the processes are ended."""
        self._cleanups.append(function)

    def close(self):
        for function in reversed(self._cleanups):
            function()
        for process in reversed(self.processes):
            process.end()
        shutil.rmtree(self.folder, ignore_errors=True)


def anonymous_memory(process):
    """Bytes of its own memory that are resident; the kernel's for its sockets are not among them."""
    with open(f"/proc/{process.pid}/status") as status:
        return int(re.search(r"^RssAnon:\s+(\d+) kB", status.read(), re.MULTILINE).group(1)) * 1024


def is_sanitized():
    """Sanitizers keep books of their own on every byte: what memory costs is not looked at then."""
    libraries = subprocess.run(["ldd", binary("fairlead")], capture_output=True, text=True, check=True).stdout
    return "libasan" in libraries or "libtsan" in libraries


def run_test(function):
    """"passed", "failed" or "skipped", and prints the line that says so."""
    sentence = function.__name__.removeprefix("test_").replace("_", " ")
    stage = Stage()
    begin = time.monotonic()
    try:
        function(*([stage] if inspect.signature(function).parameters else []))
        print(f"PASSED {sentence} ({time.monotonic() - begin:.1f} s)", flush=True)
        return "passed"
    except Skipped as why:
        print(f"SKIPPED {sentence}: {why}", flush=True)
        return "skipped"
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc(file=sys.stdout)
        for process in stage.processes:
            print(f"--- last output of {process.name} (pid {process.pid})\n{process.output[-3000:]}")
        print(f"FAILED {sentence} ({time.monotonic() - begin:.1f} s)", flush=True)
        return "failed"
    finally:
        stage.close()


def main():
    """Runs the test functions of the calling file; arguments choose by part of the name."""
    module = sys.modules["__main__"]
    chosen = [function for name, function in vars(module).items()
              if name.startswith("test_") and callable(function)
              and (len(sys.argv) < 2 or any(part in name for part in sys.argv[1:]))]
    results = [run_test(function) for function in chosen]
    sys.exit(1 if "failed" in results or not results else 0)
