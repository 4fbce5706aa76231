"""The proxies that are compared: how each is configured, started and found among the processes."""
import os
import shutil
import socket
import subprocess
import time


class Missing(Exception):
    """The program is not on this machine."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"{process.args} does not answer on port {port}")


def pinned(cpu, command):
    """`command` on one CPU, where the machine has that one."""
    return ["taskset", "-c", str(cpu)] + command if os.cpu_count() > cpu else command


class Running:
    """One process under measurement or behind it; its output goes to `folder`/`name`.log."""

    def __init__(self, name, command, cpu, folder, port=None, access_log=None):
        self.name, self.port, self.access_log = name, port, access_log
        self.log = os.path.join(folder, name + ".log")
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(pinned(cpu, command), stdout=log, stderr=log, cwd=folder)
        if port:
            try:
                wait_for_port(port, self.process)
            except RuntimeError as problem:
                self.stop()
                with open(self.log) as log:
                    raise RuntimeError(f"{problem}\n{log.read()[-2000:]}") from None

    def pids(self):
        """The process and its children: nginx works in one."""
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            return [pid] + [int(child) for child in children.read().split()]

    def empty_access_log(self):
        """So that the rounds together need no more disk than one of them."""
        if self.access_log and os.path.exists(self.access_log):
            os.truncate(self.access_log, 0)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def find(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not path:
        raise Missing(f"{program} is not installed")
    return path


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


NGINX = """
worker_processes 1;
daemon off;
pid {folder}/{name}.pid;
error_log stderr crit;
events {{ worker_connections 8192; }}
http {{
    access_log {log};
    keepalive_requests 1000000000;
    tcp_nodelay on;
    client_body_temp_path {folder}/{name}-body;
    proxy_temp_path {folder}/{name}-proxy;
    fastcgi_temp_path {folder}/{name}-fastcgi;
    uwsgi_temp_path {folder}/{name}-uwsgi;
    scgi_temp_path {folder}/{name}-scgi;
    proxy_max_temp_file_size 0;
    proxy_buffer_size 16k;
    proxy_buffers 16 32k;
    upstream origin {{ server {origin}; keepalive 256; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Port $server_port;
        }}
    }}
}}
"""


def start_nginx(name, origin, cpu, folder, _options, log):
    port = free_port()
    config = write(folder, name + ".conf", NGINX.format(
        folder=folder, name=name, origin=origin, port=port, log=f"{log} combined" if log else "off"))
    return Running(name, [find("nginx"), "-p", folder, "-c", config], cpu, folder, port, log)


HAPROXY = """
global
    nbthread 1
    maxconn 8192
defaults
    mode http{log}
    option http-keep-alive
    http-reuse always
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend in
    bind 127.0.0.1:{port} backlog 4096
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Port %[dst_port]
    default_backend origin
backend origin
    server origin {origin} pool-max-conn 256
"""


# Lines in its usual format, written by itself: cheaper for it than a syslog daemon would be.
HAPROXY_LOG = """
    log stdout format raw local0 info
    option httplog"""


def start_haproxy(name, origin, cpu, folder, _options, log):
    port = free_port()
    upstream = origin.replace("unix:", "unix@") if origin.startswith("unix:") else origin
    config = write(folder, name + ".cfg", HAPROXY.format(
        origin=upstream, port=port, log=HAPROXY_LOG if log else ""))
    access_log = os.path.join(folder, name + ".log") if log else None
    return Running(name, [find("haproxy"), "-db", "-f", config], cpu, folder, port, access_log)


FAIRLEAD = """
workers: 1
listeners:
  - bind: 127.0.0.1:{port}
services:
  web:
    endpoints: ["{origin}"]
routes:
  - {{host: "*", service: web}}
api: {{bind: "127.0.0.1:{api}"}}
health: {{bind: "127.0.0.1:{health}"}}
admin: {{bind: "127.0.0.1:{admin}"}}
store: {{embedded: "{folder}/{name}-state"}}
access_log: {log}
"""


def start_fairlead(name, origin, cpu, folder, options, log):
    program = os.path.join(options.bin, "fairlead")
    if not os.path.exists(program):
        raise Missing(f"{program} is not built")
    port = free_port()
    config = write(folder, name + ".yaml", FAIRLEAD.format(
        port=port, origin=origin, folder=folder, name=name,
        api=free_port(), health=free_port(), admin=free_port(),
        log=f"{{path: {log}, format: json}}" if log else "off"))
    return Running(name, [program, "run", "-c", config], cpu, folder, port, log)


def start_relay(name, origin, cpu, folder, options, _log):
    port = free_port()
    program = os.path.join(options.bin, "fairlead-relay")
    command = [program, "--listen", f"127.0.0.1:{port}", "--target", origin]
    return Running(name, command, cpu, folder, port)


# Name -> starter. The relay is the floor: no proxy can cost less than bytes copied by epoll.
PROXIES = {
    "fairlead": start_fairlead,
    "nginx": start_nginx,
    "haproxy": start_haproxy,
    "relay": start_relay,
}
