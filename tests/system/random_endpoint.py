"""An HTTP/1.1 endpoint in asyncio that answers as each request's X-Plan tells it, in pieces of random sizes: with
every framing, with interim answers and trailers, closing before, within and behind answers, or with nonsense."""
import asyncio
import json
import random
import socket
import struct
import zlib


def body_of(token, size):
    """What a request with this token is answered: nobody else's bytes look the same."""
    return (token.encode() + b".") * (size // (len(token) + 1)) + b"x" * (size % (len(token) + 1))


def cut(data, dice, most_pieces=4):
    """`data` in up to that many pieces."""
    ends = sorted(dice.randint(0, len(data)) for _ in range(dice.randint(0, most_pieces - 1)))
    return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)]) if a < b]


def chunked(data, dice, trailers=b""):
    text = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), dice.choice([b"", b"", b";a=b", b';a="\\""']), piece)
                    for piece in cut(data, dice))
    return text + b"0\r\n" + trailers + b"\r\n"


async def send(writer, data, dice):
    for piece in cut(data, dice):
        writer.write(piece)
        await writer.drain()
        if dice.random() < 0.3:
            await asyncio.sleep(dice.choice([0, 0, 0.001, 0.01]))


def reset(writer):
    """Ends the connection with RST where it can."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0 and sock.family == socket.AF_INET:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def read_head(reader):
    """The start line and the fields by lower-case name; None at the end of the connection."""
    try:
        text = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    start, *lines = text[:-4].decode("latin-1").split("\r\n")
    return start, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def read_chunks(reader):
    """A chunked body and its trailers."""
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        assert await reader.readexactly(2) == b"\r\n"
    trailers = []
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        trailers.append(line)
    return body, trailers


async def read_body(reader, fields):
    if "transfer-encoding" in fields:
        return (await read_chunks(reader))[0]
    return await reader.readexactly(int(fields.get("content-length", 0)))


class RandomEndpoint:
    def __init__(self, seed):
        self.dice = random.Random(seed)

    async def serve(self, reader, writer):
        """One connection; its errors, and the end of the test, are its own affair."""
        try:
            while (head := await read_head(reader)) is not None and await self.answer(reader, writer, *head):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def answer(self, reader, writer, start, fields):
        """False: the connection is not used again."""
        dice, plan, method = self.dice, json.loads(fields["x-plan"]), start.split()[0]
        if plan["ending"] == "before":
            reset(writer)
            return False
        if fields.get("expect"):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        seen = b"" if plan["early"] else await read_body(reader, fields)
        if plan["thinks"]:
            await asyncio.sleep(0.2)
        if plan["ending"] == "nonsense":
            await send(writer, dice.choice([b"HTTP/1.1 abc\r\n\r\n", b"ahoy\r\n\r\n", b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n"]), dice)
            return False
        await send(writer, self.message(plan, method, seen), dice)
        if plan["early"]:
            await read_body(reader, fields)
        if plan["ending"] == "silent":
            await asyncio.sleep(dice.choice([0, 0.001, 0.05]))
            return False
        return plan["ending"] == "keep" and plan["framing"] != "close"

    def message(self, plan, method, seen):
        dice, framing = self.dice, plan["framing"]
        body = body_of(plan["token"], plan["size"])
        head = f"X-Token: {plan['token']}\r\nX-Seen: {len(seen)}:{zlib.crc32(seen)}\r\n"
        if plan["ending"] == "announced":
            head += "Connection: close\r\n"
        if plan["status"] in (204, 304):
            body = b""
        elif framing == "chunked":
            head += "Transfer-Encoding: chunked\r\n"
            body = chunked(body, dice, dice.choice([b"", f"X-Trailer: {plan['token']}\r\n".encode()]))
        elif framing == "length":
            head += f"Content-Length: {len(body)}\r\n"
        interim = dice.choice([b"", b"", b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"])
        data = interim + f"HTTP/1.1 {plan['status']} Said\r\n{head}\r\n".encode()
        if method != "HEAD":
            data += body
        if plan["ending"] == "within":  # never the whole of it
            data = data[:dice.randint(len(data) - len(body) // 2 - 1, len(data) - 1)]
        return data
