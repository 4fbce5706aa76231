#!/usr/bin/env python3
"""Include lines follow the arrows of docs/architecture.md, and each library has its own door.

ROOMS: what a room may include besides itself. DOORS: which files may include a library.
"""
import re

from tree import files, read, report

BASE = {"proxy/base"}
ROOMS = {
    "proxy/base": set(),
    "proxy/metrics": BASE,
    "proxy/model": BASE | {"proxy/metrics"},
    "proxy/access_log": BASE | {"proxy/model", "proxy/metrics"},
    "proxy/balance": BASE | {"proxy/model"},
    "proxy/net": BASE | {"proxy/model"},
    "proxy/aio": BASE | {"proxy/model", "proxy/net"},
    "proxy/http": BASE | {"proxy/model", "proxy/net"},
    "proxy/upstream": BASE | {"proxy/model", "proxy/metrics", "proxy/net", "proxy/http"},
    "proxy/session": BASE | {"proxy/model", "proxy/metrics", "proxy/net", "proxy/http", "proxy/upstream",
                             "proxy/access_log"},
    "proxy": BASE | {"proxy/model", "proxy/metrics", "proxy/access_log", "proxy/net", "proxy/http", "proxy/upstream",
                     "proxy/session"},
    "discovery": BASE | {"proxy/model", "proxy/aio"},
    "control/redis": BASE | {"proxy/model", "proxy/aio", "proxy/net"},
    "control": BASE | {"proxy/model", "proxy/metrics", "proxy/aio", "proxy/net", "proxy/balance", "proxy", "discovery",
                       "control/redis"},
    "bench": set(),
    "bench/micro": {"proxy/model", "proxy/balance", "proxy/http"},
}

# (what is included, the files that may, why). The first row that matches decides.
DOORS = [
    (r"boost/asio\.hpp|boost/asio/experimental/", r"$^", "the whole of Asio is nobody's to include"),
    (r"boost/asio/(error|read|write|connect|signal_set)\.hpp", r"(discovery|control)/.*\.cpp",
     "operations of Asio are for the source files of control and discovery"),
    (r"boost/asio/posix/", r"control/config/file_", "descriptors that are no sockets: the watched file"),
    (r"boost/asio", r"proxy/aio/", "Asio's types come in through proxy/aio/types.hpp"),
    (r"boost/beast", r"(proxy/aio/asio_impl|discovery/docker_|control/(http_server|http_client|admin/admin_client))",
     "Beast is for the rooms that speak HTTP"),
    (r"openssl/", r"proxy/net/", "OpenSSL stays behind proxy/net/tls.hpp"),
    (r"boost/json", r"(discovery|control)/", "the data path reads no JSON"),
    (r"boost/url", r"control/", "the data path takes targets apart by itself"),
    (r"hiredis/", r"control/redis/redis_protocol", "control/redis/redis_protocol is the only user of hiredis"),
    (r"yaml-cpp/", r"control/config/config_", "the configuration loader is the only user of yaml-cpp"),
    (r"CLI/", r"control/cli", "the command line is read in control/cli"),
    (r"prometheus/", r"control/admin/metrics_page", "control/admin/metrics_page is the only user of prometheus-cpp"),
    (r"benchmark/", r"bench/micro/", "micro-benchmarks only"),
    (r"spdlog/", r"proxy/base/log\.cpp", "everyone else logs through proxy/base/log.hpp"),
]


def room_of(path):
    """The longest room that the path lies in; None outside the product (tests)."""
    return max((room for room in ROOMS if path.startswith(room + "/")), key=len, default=None)


def check(path):
    own = room_of(path)
    for number, line in enumerate(read(path).splitlines(), 1):
        include = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if not include or own is None:
            continue
        name = include.group(2)
        if include.group(1) == '"':
            other = room_of(name)
            if other is None:
                yield f"{path}:{number}", f'"{name}" is not a path from the root of the product'
            elif other != own and other not in ROOMS[own]:
                yield f"{path}:{number}", f"{own} may not include {other}: see ROOMS in tests/lint/layers.py"
            continue
        for library, door, why in DOORS:
            if re.match(library, name):
                if not re.match(door, path):
                    yield f"{path}:{number}", f"<{name}>: {why}"
                break


report([finding for path in files(".hpp", ".cpp") for finding in check(path)])
