"""HTTP exchanges bounded in time and in bytes.

The timeouts of httpx cover single reads only: a server that sends a byte now and then blocks its
client for hours, an endless answer fills the memory, and a compressed body grows a thousandfold
when it is decoded. Here one deadline covers connecting, headers and body, and a limit covers the
decoded bytes; nothing beyond the limit is read or decoded.
"""

import socket
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_MIB = 1024**2
#: The request header for compression, and the only encodings that are decoded.
ACCEPTED = {"Accept-Encoding": "gzip"}
_ENCODINGS = ("gzip", "x-gzip", "deflate")


@dataclass(frozen=True)
class HttpAnswer:
    """A complete answer."""

    status_code: int
    headers: httpx.Headers
    content: bytes  # decoded


class TooLargeError(Exception):
    """The answer exceeds the limit; the message names address, size and limit."""


class DeadlineError(Exception):
    """The exchange was not complete in time; the message names address and deadline."""


class BoundedHttp:
    """Sends requests of one ``httpx.Client``, one after the other.

    Args:
        client: what the requests are made with; closed by ``close``.
        seconds: the deadline of a whole exchange.
    """

    def __init__(self, client: httpx.Client, seconds: float) -> None:
        self._client = client
        self._seconds = seconds
        self._socket: socket.socket | None = None  # a second handle on the connection in use

    def close(self) -> None:
        """Ends all connections."""
        self._client.close()
        self._forget()

    def exchange(self, request: httpx.Request, most_bytes: int) -> HttpAnswer:
        """The answer to ``request``, decoded.

        Raises:
            TooLargeError: it has more than ``most_bytes`` when decoded.
            DeadlineError: it was not complete in time.
            httpx.RequestError: no answer, or one that breaks the protocol.
        """
        address = plain_address(request.url)
        with self._deadline(request, address):
            response = self._client.send(request, stream=True)
            try:
                content = _decoded(response, most_bytes, address)
            finally:
                response.close()
        if response.headers.get("connection", "").lower() == "close":
            self._forget()
        return HttpAnswer(response.status_code, response.headers, content)

    @contextmanager
    def _deadline(self, request: httpx.Request, address: str) -> Iterator[None]:
        """Shuts the connection down at the deadline, in any phase of the exchange."""
        is_over = threading.Event()

        def end() -> None:
            is_over.set()
            self._cut()

        def trace(event: str, info: Mapping[str, Any]) -> None:
            if event == "connection.connect_tcp.complete":
                self._remember(info["return_value"].get_extra_info("socket"))
                if is_over.is_set():
                    self._cut()

        request.extensions = {**request.extensions, "trace": trace}
        timer = threading.Timer(self._seconds, end)
        timer.daemon = True
        timer.start()
        error = DeadlineError(f"{address} had not answered in full after {self._seconds:g} s")
        try:
            yield
        except BaseException as failure:
            # the duplicate would keep the connection open after httpx closed its own
            self._cut()
            self._forget()
            if is_over.is_set() and isinstance(failure, httpx.RequestError):
                raise error from None
            raise
        finally:
            timer.cancel()
        if is_over.is_set():  # a body without a length ends with the connection
            raise error

    def _remember(self, connected: socket.socket) -> None:
        self._forget()
        # TLS takes the socket over; a duplicate still reaches the connection
        self._socket = connected.dup()

    def _cut(self) -> None:
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is closed already
                return

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def plain_address(url: httpx.URL) -> str:
    """The address of a request without query, fragment and credentials, which may be secret."""
    return str(url.copy_with(query=None, fragment=None, username="", password=""))


def _decoded(response: httpx.Response, most_bytes: int, address: str) -> bytes:
    if response.is_stream_consumed:  # by a transport that answers from memory
        return response.content
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return _plain(response, most_bytes, address)
    if encoding not in _ENCODINGS:
        raise httpx.DecodingError(f"{address} answered in the encoding {encoding}, not in gzip")
    return _unpacked(response, most_bytes, address)


def _plain(response: httpx.Response, most_bytes: int, address: str) -> bytes:
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most_bytes:
        raise _too_large(f"{int(announced):,} bytes are announced", most_bytes, address)
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > most_bytes:
            raise _too_large(f"{len(content):,} bytes were read", most_bytes, address)
    return bytes(content)


def _unpacked(response: httpx.Response, most_bytes: int, address: str) -> bytes:
    content, packed = bytearray(), 0
    unpack = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        for chunk in response.iter_raw():
            packed += len(chunk)
            content += unpack.decompress(chunk, most_bytes + 1 - len(content))
            if len(content) > most_bytes:
                raise _too_large(
                    f"{packed:,} compressed bytes already decode to more", most_bytes, address
                )
            if unpack.eof:  # anything after the end is not needed
                break
    except zlib.error as error:
        raise httpx.DecodingError(f"{address} answered with damaged gzip ({error})") from error
    if packed and not unpack.eof:
        raise httpx.DecodingError(f"{address} answered with gzip that is cut short")
    return bytes(content)


def _too_large(seen: str, most_bytes: int, address: str) -> TooLargeError:
    return TooLargeError(
        f"the answer of {address} is larger than {most_bytes / _MIB:.1f} MiB, the limit for this "
        f"question ({seen})"
    )
