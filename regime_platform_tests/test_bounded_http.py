"""Answers are bounded in bytes, and an address in a message holds no secret."""

from collections.abc import Iterator

import httpx
import pytest

from regime_platform.bounded_http import BoundedHttp, TooLargeError, plain_address

URL = "https://user:secret@vendor.example/bars?apikey=secret#secret"


class _Chunks(httpx.SyncByteStream):
    def __init__(self) -> None:
        self.read = 0

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(1000):
            self.read += 100
            yield b"x" * 100


def test_an_answer_without_an_end_is_read_no_further_than_its_limit() -> None:
    chunks = _Chunks()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=chunks))
    http = BoundedHttp(httpx.Client(transport=transport), 30)

    with pytest.raises(TooLargeError, match=r"vendor\.example/bars") as refusal:
        http.exchange(httpx.Request("GET", URL), 1000)

    assert chunks.read == 1100
    assert "secret" not in str(refusal.value)
    http.close()


def test_an_address_is_shown_without_credentials_and_query() -> None:
    assert plain_address(httpx.URL(URL)) == "https://vendor.example/bars"
