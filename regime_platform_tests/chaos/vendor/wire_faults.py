"""What goes wrong with an answer of a vendor before anyone can read it: status, bytes, connection.

Each fault makes a response in place of the true one. Slow ones take as long as the client waits.
"""

import gzip
import random
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping

from werkzeug import Request, Response

from regime_platform_tests.vendor import DAY_SPENT, KEY, MINUTE_SPENT, STUMBLES, error_answer

Fault = Callable[[Request, random.Random], Response]
_JSON = "application/json"
_LINGER = struct.pack("ii", 1, 0)  # closing sends a reset


def resetting(request: Request, sent: bytes = b"") -> Response:
    """A connection that is reset, after some bytes of a body that was announced as longer."""

    def body() -> Iterator[bytes]:
        if sent:
            yield sent
        connection: socket.socket = request.environ["werkzeug.socket"]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        raise ConnectionResetError

    headers = {"Content-Length": "5000"} if sent else {}
    return Response(body(), content_type=_JSON, headers=headers)


def dripping(piece: bytes = b" ") -> Response:
    """A body of one byte now and then, until the client is gone."""
    never = threading.Event()

    def body() -> Iterator[bytes]:
        while True:
            yield piece
            never.wait(0.05)

    return Response(body(), content_type=_JSON)


def bomb() -> Response:
    """64 MB of white space as 64 kB of gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = b" " * 2**20
    packed = b"".join(packer.compress(block) for _ in range(64)) + packer.flush()
    return Response(packed, content_type=_JSON, headers={"Content-Encoding": "gzip"})


def _redirect(request: Request, random_: random.Random) -> Response:
    target = request.environ["chaos.other_host"] + request.path.lstrip("/")
    status = random_.choice([301, 302, 303, 307, 308])
    return Response("moved", status, headers={"Location": target}, content_type="text/html")


def _garbage(_request: Request, random_: random.Random) -> Response:
    return Response(random_.randbytes(random_.randrange(2000)), content_type=_JSON)


def _any_status(_request: Request, random_: random.Random) -> Response:
    status = random_.choice([204, 206, 304, 402, 405, 407, 409, 410, 413, 418, 421, 451, 499, 599])
    return Response("", status, content_type=_JSON)


def _echo(_request: Request, random_: random.Random) -> Response:
    code = random_.choice([400, 403, 404, 429, 500])
    return error_answer(code, f"apikey {KEY} may not ask this: apikey={KEY}", 200)


def _packed(content: bytes) -> Response:
    return Response(content, content_type=_JSON, headers={"Content-Encoding": "gzip"})


def _stumble(name: str) -> Fault:
    return lambda _request, _random: STUMBLES[name]()


def _error(code: int, message: str, http: int | None = None) -> Fault:
    return lambda _request, _random: error_answer(code, message, http)


#: Faults that pass: another attempt or another run may succeed.
PASSING: Mapping[str, Fault] = {
    **{name: _stumble(name) for name in STUMBLES},
    "garbage": _garbage,
    "empty body": lambda _request, _random: Response("", content_type=_JSON),
    "reset before headers": lambda request, _random: resetting(request),
    "reset within the body": lambda request, _random: resetting(request, b'{"meta": {'),
    "half of a gzip": lambda _request, _random: _packed(gzip.compress(b'{"a": 1}' * 50)[:40]),
    "another encoding": lambda _request, _random: Response(
        b"\x28\xb5\x2f\xfd", content_type=_JSON, headers={"Content-Encoding": "zstd"}
    ),
    "minute spent": _error(429, MINUTE_SPENT),
    "minute spent in 200": _error(429, MINUTE_SPENT, 200),
    "endless nesting": lambda _request, _random: Response(b"[" * 100_000, content_type=_JSON),
    "gzip bomb": lambda _request, _random: bomb(),
    "another status": _any_status,
    "redirect": _redirect,
    "the key in a message": _echo,
    "400": _error(400, "**interval** is invalid"),
    "414": _error(414, "Too many symbols in one request.", 200),
}
#: Faults that end a run, or end the requests for a series for a while.
ENDING: Mapping[str, Fault] = {
    "day spent": _error(429, DAY_SPENT),
    "401": _error(401, "**apikey** parameter is incorrect or not specified."),
    "403": _error(403, "available exclusively with grow or pro plans"),
    "404": _error(404, "**symbol** not found"),
    "404 in 200": _error(404, "**symbol** not found", 200),
}
#: Each costs a client its deadline.
SLOW: Mapping[str, Fault] = {
    "dripping body": lambda _request, _random: dripping(),
    "dripping object": lambda _request, _random: dripping(b'{"a'),
}
