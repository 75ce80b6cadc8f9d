"""HTTP exchanges with one deadline and a limit of decoded bytes.

The timeouts of httpx cover single reads only: a server that sends a byte now and then blocks its
client for hours, an endless answer fills the memory, a compressed one grows a thousandfold.
"""

import socket
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
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
    """Sends requests of a client one after the other, each within ``seconds``."""

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
            with suppress(OSError):  # it is closed already
                self._socket.shutdown(socket.SHUT_RDWR)

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
    if encoding not in {"identity", *_ENCODINGS}:
        raise httpx.DecodingError(f"{address} answered in the encoding {encoding}, not in gzip")
    announced = response.headers.get("content-length", "")
    if encoding == "identity" and announced.isdecimal() and int(announced) > most_bytes:
        raise _too_large(f"{int(announced):,} bytes are announced", most_bytes, address)
    unpack = None if encoding == "identity" else zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        return _read(response.iter_raw(), unpack, most_bytes, address)
    except zlib.error as error:
        raise httpx.DecodingError(f"{address} answered with damaged gzip ({error})") from error


def _read(chunks: Iterator[bytes], unpack: Any, most_bytes: int, address: str) -> bytes:
    content, read = bytearray(), 0
    for chunk in chunks:
        read += len(chunk)
        content += unpack.decompress(chunk, most_bytes + 1 - len(content)) if unpack else chunk
        if len(content) > most_bytes:
            more = "compressed bytes already decode to more" if unpack else "bytes were read"
            raise _too_large(f"{read:,} {more}", most_bytes, address)
        if unpack and unpack.eof:  # anything after the end is not needed
            break
    if read and unpack and not unpack.eof:
        raise httpx.DecodingError(f"{address} answered with gzip that is cut short")
    return bytes(content)


def _too_large(seen: str, most_bytes: int, address: str) -> TooLargeError:
    return TooLargeError(
        f"the answer of {address} is larger than {most_bytes / _MIB:.1f} MiB, the limit for this "
        f"question ({seen})"
    )
