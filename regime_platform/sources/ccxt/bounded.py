"""Answers within a deadline and a size limit, for the sessions of the library.

The timeouts of requests cover single reads only, and an endless answer fills the memory.
"""

import time
from collections.abc import Iterator
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.exceptions import DecodeError, ReadTimeoutError

_CHUNK = 64 * 1024
_MIB = 1024**2


class BoundedAdapter(HTTPAdapter):
    """Cuts an answer after ``seconds``, or when it has more than ``most_bytes`` decoded."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        super().__init__()
        self.seconds, self.most_bytes = seconds, most_bytes

    def send(self, request: PreparedRequest, *parts: Any, **options: Any) -> Response:
        """See ``HTTPAdapter``; the limits hold while the body is read."""
        ends = time.monotonic() + self.seconds
        response = super().send(request, *parts, **options)
        response.raw = _Body(response.raw, ends, self.most_bytes)
        return response


class _Body:
    """The body of an answer; all but its stream is that of ``raw``."""

    def __init__(self, raw: Any, ends: float, most_bytes: int) -> None:
        self._raw, self._ends, self._most_bytes = raw, ends, most_bytes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, _amount: int, decode_content: bool | None = None) -> Iterator[bytes]:
        """The parts of the body as they come."""
        read = 0
        while part := self._raw.read1(_CHUNK, decode_content=decode_content):
            read += len(part)
            if read > self._most_bytes:
                self._raw.close()
                raise DecodeError(f"more than {self._most_bytes / _MIB:.0f} MiB")
            if time.monotonic() > self._ends:
                self._raw.close()
                raise ReadTimeoutError(self._raw, "", "Read timed out: the answer was not complete")
            yield part
