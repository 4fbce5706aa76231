"""A Docker Engine of the tests' own: private folder, socket and bridge, gone when the test ends.

It never talks to the machine's own engine and changes no firewall rule: published ports are reached
on 127.0.0.1 through the engine's userland proxy. Standard library only.

    try:
        engine = DockerEngine()
    except Unavailable as why:
        skip(str(why))
    with engine:
        engine.image("origin:1", {"/origin": binary("fairlead-origin")}, command=["/origin", "--port", "80"])
        engine.run("web-1", "origin:1", labels={"fairlead.host": "a.org"}, port=80)
        engine.stop("web-1")

Run as a program it starts one, says how to reach it, and ends it on SIGINT or SIGTERM.
"""
import ctypes
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

_PATH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
_PR_SET_PDEATHSIG = 1


class Unavailable(Exception):
    """No engine can run here; the text says why."""


def _end_with_parent():
    """In the child, before exec: a killed test run leaves no engine behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _program(name, package):
    path = shutil.which(name, path=_PATH)
    if not path:
        raise Unavailable(f"{name} is not installed (Debian: {package})")
    return path


def _check_cgroups():
    root = "/sys/fs/cgroup"
    if not (os.path.exists(f"{root}/cgroup.controllers") or os.path.isdir(f"{root}/memory")):
        raise Unavailable(f"no cgroups are mounted on {root}")


class DockerEngine:
    """Starts on construction; raises Unavailable where it cannot."""

    def __init__(self, seconds_to_start=60):
        if os.geteuid() != 0:
            raise Unavailable("a Docker Engine needs root")
        dockerd = _program("dockerd", "docker.io")
        self._client = _program("docker", "docker.io or docker-cli")
        self._ip = _program("ip", "iproute2")
        _program("docker-proxy", "docker.io")
        _check_cgroups()
        self._process = None
        self._bridge = None
        # A short path: a socket's has at most 107 characters.
        self.folder = tempfile.mkdtemp(prefix="fairlead-docker-", dir="/tmp")
        self.socket = os.path.join(self.folder, "docker.sock")
        try:
            self._make_bridge()
            self._start(dockerd, seconds_to_start)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # The engine.

    def _make_bridge(self):
        """One of our own, with a network that nothing routes to: docker0 may be another engine's."""
        name = f"flt{os.getpid()}"
        made = subprocess.run([self._ip, "link", "add", name, "type", "bridge"],
                              capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise Unavailable(f"no network bridge can be made: {made.stderr.strip()}")
        self._bridge = name
        # One of its own for good: a bridge without takes its lowest port's, and every container that comes
        # or goes may then cost the others a packet, and so 200 ms.
        subprocess.run([self._ip, "link", "set", name, "address", "02:42:66:6c:00:01"], check=True)
        for third in range(256):  # 198.18.0.0/15 is set aside for tests of network devices
            address = f"198.19.{(os.getpid() + third) % 256}.1/24"
            if address.split(".1/")[0] + "." in self._addresses():
                continue
            subprocess.run([self._ip, "address", "add", address, "dev", name], check=True)
            subprocess.run([self._ip, "link", "set", name, "up"], check=True)
            return
        raise Unavailable("no free network for the bridge")

    def _addresses(self):
        return subprocess.run([self._ip, "-o", "address"], capture_output=True, text=True, check=True).stdout

    def _start(self, dockerd, seconds):
        self._log = os.path.join(self.folder, "log")
        command = [dockerd, "--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec",
                   "--host", f"unix://{self.socket}", "--pidfile", f"{self.folder}/pid",
                   "--config-file", f"{self.folder}/daemon.json",
                   "--bridge", self._bridge, "--iptables=false", "--ip6tables=false",
                   "--ip-forward=false", "--ip-masq=false"]
        with open(f"{self.folder}/daemon.json", "w", encoding="utf-8") as file:
            file.write("{}")  # not the machine's own settings
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                             env=dict(os.environ, PATH=_PATH), preexec_fn=_end_with_parent)
        deadline = time.monotonic() + seconds
        while self._ask("version", "--format", "{{.Server.Version}}").returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"dockerd does not start here: {self._last_words()}")
            time.sleep(0.1)

    def _last_words(self):
        with open(self._log, encoding="utf-8", errors="replace") as log:
            return " | ".join(line.strip() for line in log.readlines()[-3:])

    def close(self):
        """Ends the engine by its process and removes all it left. May be called twice."""
        if self._process and self._process.poll() is None:
            running = self._ask("ps", "--all", "--quiet").stdout.split()
            if running:
                self._ask("rm", "--force", *running)
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._bridge:
            subprocess.run([self._ip, "link", "delete", self._bridge], check=False, capture_output=True)
            self._bridge = None
        self._unmount_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _unmount_all(self):
        with open("/proc/self/mounts", encoding="utf-8") as file:
            mounts = [line.split()[1] for line in file]
        for mount in sorted((m for m in mounts if m.startswith(self.folder + "/")), reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)

    def restart_engine(self, seconds_to_start=60):
        """Ends dockerd (its containers with it) and starts it again on the same folder."""
        self._process.terminate()
        self._process.wait(60)
        self._start(_program("dockerd", "docker.io"), seconds_to_start)

    # The docker command.

    def _ask(self, *arguments, **options):
        # No DOCKER_HOST or context of the caller: only ever this engine.
        environment = {"PATH": _PATH, "HOME": self.folder}
        return subprocess.run([self._client, "--host", f"unix://{self.socket}", *arguments],
                              capture_output=True, env=environment, check=False,
                              **{"text": True, **options})

    def docker(self, *arguments):
        """What the docker command says; raises with its message where it fails."""
        result = self._ask(*arguments)
        if result.returncode != 0:
            raise RuntimeError(f"docker {' '.join(arguments)}: {result.stderr.strip()}")
        return result.stdout.strip()

    def image(self, name, files, command, expose=()):
        """An image that holds just `files` ({path in the image: path here, or bytes}), executable."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for target, source in files.items():
                if not isinstance(source, bytes):
                    with open(source, "rb") as file:
                        source = file.read()
                entry = tarfile.TarInfo(target.lstrip("/"))
                entry.size = len(source)
                entry.mode = 0o755
                tar.addfile(entry, io.BytesIO(source))
        changes = [f"CMD {json.dumps(command)}"] + [f"EXPOSE {port}" for port in expose]
        arguments = [word for change in changes for word in ("--change", change)]
        result = self._ask("import", *arguments, "-", name, input=archive.getvalue(), text=False)
        if result.returncode != 0:
            raise RuntimeError(f"docker import: {result.stderr.decode().strip()}")

    def run(self, name, image, labels=None, port=None, options=(), command=()):
        """Starts a container; `port` is published on a free port of 127.0.0.1. Gives its id."""
        arguments = ["run", "--detach", "--name", name]
        for key, value in (labels or {}).items():
            arguments += ["--label", f"{key}={value}"]
        if port:
            arguments += ["--publish", f"127.0.0.1::{port}"]
        return self.docker(*arguments, *options, image, *command)

    def start(self, name):
        self.docker("start", name)

    def stop(self, name, seconds=10):
        self.docker("stop", "--time", str(seconds), name)

    def kill(self, name, signal_name="KILL"):
        self.docker("kill", "--signal", signal_name, name)

    def restart(self, name, seconds=10):
        self.docker("restart", "--time", str(seconds), name)

    def pause(self, name):
        self.docker("pause", name)

    def unpause(self, name):
        self.docker("unpause", name)

    def rm(self, name):
        """Whether it runs or not."""
        self.docker("rm", "--force", name)

    def inspect(self, name):
        return json.loads(self.docker("inspect", name))[0]

    def published(self, name, port):
        """127.0.0.1's port for the container's."""
        return int(self.docker("port", name, f"{port}/tcp").splitlines()[0].rpartition(":")[2])

    def logs(self, name):
        result = self._ask("logs", name)
        return result.stdout + result.stderr


def main():
    try:
        engine = DockerEngine()
    except Unavailable as why:
        sys.exit(f"unavailable: {why}")
    with engine:
        print(f"docker --host unix://{engine.socket}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    main()
