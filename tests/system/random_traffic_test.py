#!/usr/bin/env python3
"""Random conversations over every kind of listener and endpoint: pipelined, in pieces, with every framing, with clients
and endpoints that leave at any time. Every answer carries the token of its request, so that bytes which belong to
another one, are missing or come twice are found. Meanwhile endpoints come and go.

FAIRLEAD_RANDOM_CLIENTS and FAIRLEAD_RANDOM_SEED make a longer run, or another one."""
import asyncio
import collections
import itertools
import json
import os
import random
import socket
import ssl
import struct
import subprocess
import traceback
import zlib

from harness import free_port, main, need_program, wait_until
from random_endpoint import RandomEndpoint, body_of, chunked, cut, read_chunks, read_head, reset

CLIENTS = int(os.environ.get("FAIRLEAD_RANDOM_CLIENTS", "400"))
SEED = int(os.environ.get("FAIRLEAD_RANDOM_SEED", "1"))
AT_ONCE = 40
PATIENCE = 30

CONFIG = """
workers: 2
listeners:
  - {{bind: "127.0.0.1:{tcp}", proxy_protocol: optional, proxy_protocol_from: [127.0.0.1]}}
  - {{bind: "127.0.0.1:{tls}", tls: {{certificates: [{{cert: "{cert}", key: "{key}"}}]}}}}
  - {{bind: "unix:{folder}/front.sock", half_close: false}}
access_log: {{path: "{folder}/access.log", format: json}}
services:
  tcp: {{endpoints: {tcp_ends}}}
  unix: {{endpoints: ["unix:{folder}/end.sock"]}}
  tls: {{endpoints: ["127.0.0.1:{tls_end}"], tls: {{verify: false}}}}
routes:
  - {{host: "*", path: /tcp, service: tcp}}
  - {{host: "*", path: /unix, service: unix}}
  - {{host: "*", path: /tls, service: tls}}
"""


def make_certificate(folder):
    cert, key = f"{folder}/cert.pem", f"{folder}/key.pem"
    subprocess.run([need_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", "/CN=a.org", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


class Request:
    """What is asked for, and what may come of it."""

    def __init__(self, dice, number):
        self.token = f"t{number}"
        self.method = dice.choice(["GET", "GET", "GET", "HEAD", "POST", "POST", "PUT"])
        self.plan = {
            "token": self.token,
            "size": dice.choice([0, 1, 13, 500, 3000, 5000, 10240, 40000, 200000]),
            "status": dice.choice([200, 200, 200, 200, 404, 204, 304]),
            "framing": dice.choice(["length", "length", "chunked", "close"]),
            "ending": dice.choice(["keep"] * 8 + ["announced", "silent", "before", "within", "nonsense"]),
            "early": False,
            "thinks": dice.random() < 0.02,  # for so long that we look whether the client is still there
        }
        self.has_body = self.plan["status"] not in (204, 304) and self.method != "HEAD"
        if self.plan["ending"] == "within" and (not self.has_body or self.plan["framing"] == "close"):
            self.plan["ending"] = "keep"
        self.expects = False
        self.body = b""
        self.is_last = dice.random() < 0.03
        framing = "Connection: close\r\n" if self.is_last else ""
        if self.method in ("POST", "PUT"):
            self.plan["early"] = dice.random() < 0.1
            self.body = body_of(self.token, dice.choice([0, 1, 100, 5000, 70000]))
            self.expects = dice.random() < 0.1
        data = self.body
        if self.body and dice.random() < 0.5:
            framing += "Transfer-Encoding: chunked\r\n"
            data = chunked(self.body, dice, dice.choice([b"", b"X-Trailer: a\r\n"]))
        elif self.method in ("POST", "PUT"):
            framing += f"Content-Length: {len(self.body)}\r\n"
        if self.expects:
            framing += "Expect: 100-continue\r\n"
        service = dice.choice(["tcp", "tcp", "unix", "tls"])
        head = f"{self.method} /{service}/{self.token} HTTP/1.1\r\nHost: a.org\r\nX-Plan: {json.dumps(self.plan)}\r\n{framing}\r\n"
        self.data = head.encode() + data

    def check(self, status, fields, body):
        """Of an answer that has come whole: what it was, for the tally."""
        ending = self.plan["ending"]
        if fields.get("x-fairlead-reason"):
            assert status == 502, (status, fields, self.plan)
            # An endpoint that closes an idle connection may meet a request on it; one that has a body is not repeated.
            assert ending in ("before", "within", "nonsense") or self.body or self.method == "POST", (fields, self.plan)
            return fields["x-fairlead-reason"]
        assert ending not in ("before", "nonsense"), (status, self.plan)
        assert ending != "within", f"half an answer came as a whole one: {self.plan}"
        assert status == self.plan["status"] and fields["x-token"] == self.token, (status, fields, self.plan)
        if not self.plan["early"]:
            assert fields["x-seen"] == f"{len(self.body)}:{zlib.crc32(self.body)}", (fields, self.plan)
        assert body == (body_of(self.token, self.plan["size"]) if self.has_body else b""), (len(body), self.plan)
        return "whole"


class Client:
    """One connection and what is asked on it."""

    def __init__(self, dice, number, ways):
        self.dice = dice
        self.requests = [Request(dice, f"{number}.0")]
        while not self.requests[-1].is_last and len(self.requests) < dice.randint(1, 12):
            self.requests.append(Request(dice, f"{number}.{len(self.requests)}"))
        self.leaves_after = dice.randint(0, len(self.requests)) if dice.random() < 0.15 else None
        self.is_slow = dice.random() < 0.1
        self.way = dice.choice(ways)
        self.tally = collections.Counter()

    async def run(self):
        reader, writer, preface = await self.way(self.dice)
        sending = asyncio.create_task(self.send(writer, preface))
        try:
            await self.receive(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.tally["cut off"] += 1
            assert self.may_be_cut_off, f"{self.way.__name__}, {self.current.plan} in {[each.plan for each in self.requests]}"
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            (reset if self.dice.random() < 0.5 else lambda gone: gone.close())(writer)
        return self.tally

    async def send(self, writer, preface):
        data = preface + b"".join(request.data for request in self.requests)
        for piece in cut(data, self.dice, most_pieces=12):
            writer.write(piece)
            await writer.drain()
            if self.dice.random() < 0.3:
                await asyncio.sleep(self.dice.choice([0, 0.001, 0.01]))

    async def receive(self, reader):
        for i, request in enumerate(self.requests):
            if i == self.leaves_after:
                self.tally["left"] += 1
                return
            self.current = request
            # Half an answer is ended by a reset, which may overtake the answers before it.
            self.may_be_cut_off = any(each.plan["ending"] == "within" for each in self.requests[i:])
            head = await read_head(reader)
            while head is not None and head[0].split()[1] in ("100", "103"):
                head = await read_head(reader)
            if head is None:
                raise asyncio.IncompleteReadError(b"", None)
            status, fields = int(head[0].split()[1]), head[1]
            if self.is_slow:
                await asyncio.sleep(0.05)
            body = await self.read_body(reader, request, status, fields)
            self.tally[request.check(status, fields, body)] += 1
            if fields.get("connection") == "close":
                self.tally["closed"] += 1
                return

    async def read_body(self, reader, request, status, fields):
        if request.method == "HEAD" or status in (204, 304):
            return b""
        if "transfer-encoding" in fields:
            return (await read_chunks(reader))[0]
        return await reader.readexactly(int(fields["content-length"]))


def ways_in(tcp_port, tls_port, folder):
    """Functions that connect, each in its way: reader, writer and what goes before the first request."""
    addresses = socket.inet_aton("203.0.113.9") + socket.inet_aton("198.51.100.1") + struct.pack("!HH", 4711, 443)
    version2 = b"\r\n\r\n\0\r\nQUIT\n" + b"\x21\x11" + struct.pack("!H", len(addresses)) + addresses
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE

    async def tcp(dice):
        preface = dice.choice([b"", b"", b"PROXY TCP4 203.0.113.9 198.51.100.1 4711 443\r\n", version2])
        return *await asyncio.open_connection("127.0.0.1", tcp_port), preface

    async def tls(_):
        return *await asyncio.open_connection("127.0.0.1", tls_port, ssl=trusting), b""

    async def unix(_):
        return *await asyncio.open_unix_connection(f"{folder}/front.sock"), b""

    return [tcp, tcp, tls, unix]


async def change_endpoints(write):
    """Several times a second the service `tcp` is elsewhere: nobody may notice."""
    for which in itertools.cycle([(0,), (0, 1), (1,), (1, 0)]):
        write(which)
        await asyncio.sleep(0.2)


async def converse(clients, endpoints, write):
    """All clients' tallies."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(client):
        async with room:
            return await asyncio.wait_for(client.run(), PATIENCE)
    servers = [await start for start in endpoints]
    changing = asyncio.create_task(change_endpoints(write))
    results = await asyncio.gather(*map(one, clients), return_exceptions=True)
    changing.cancel()
    for server in servers:
        server.close()
    wrong = [result for result in results if isinstance(result, BaseException)]
    for each in wrong[:5]:
        traceback.print_exception(each)
    assert not wrong, f"{len(wrong)} clients, such as {wrong[0]!r}"
    return sum(results, collections.Counter())


def test_whatever_happens_everybody_gets_his_own_answer_or_none(stage):
    folder = stage.folder
    cert, key = make_certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    tcp, tls, tcp_end, tls_end = (free_port() for _ in range(4))
    tcp_ends = [f"127.0.0.1:{tcp_end}", f"127.0.0.2:{tcp_end}"]

    def config(which):
        return CONFIG.format(folder=folder, cert=cert, key=key, tcp=tcp, tls=tls, tls_end=tls_end,
                             tcp_ends=json.dumps([tcp_ends[i] for i in which]))
    proxy = stage.fairlead(config((0,)))
    endpoint, dice, ways = RandomEndpoint(SEED), random.Random(SEED), ways_in(tcp, tls, folder)
    tally = asyncio.run(converse(
        [Client(dice, number, ways) for number in range(CLIENTS)],
        [asyncio.start_server(endpoint.serve, "127.0.0.1", tcp_end),
         asyncio.start_server(endpoint.serve, "127.0.0.2", tcp_end),
         asyncio.start_server(endpoint.serve, "127.0.0.1", tls_end, ssl=context),
         asyncio.start_unix_server(endpoint.serve, f"{folder}/end.sock")],
        lambda which: proxy.write(config(which))))
    changes = proxy.metric("fairlead_snapshot_version") - 1
    print(f"  {dict(tally)} beside {changes:.0f} changes", flush=True)
    assert tally["whole"] > CLIENTS and changes > 0, tally
    wait_until(lambda: proxy.metric("fairlead_connections_open") == 0)
    assert proxy.metric("fairlead_requests_active") == 0
    proxy.stop()


if __name__ == "__main__":
    main()
