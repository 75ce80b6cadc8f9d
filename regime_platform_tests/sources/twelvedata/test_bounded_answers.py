"""Endless answers, by size or by time, over real sockets with limits on memory."""

import datetime as dt
import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from werkzeug import Response

from regime_platform.errors import ClockError, SourceError, UnresponsiveError
from regime_platform.sources.credits import CreditBudget, Limits
from regime_platform.sources.twelvedata.http import ApiRequest, TwelveDataClient
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.conftest import FakeClock
from regime_platform_tests.vendor import KEY, LoopbackVendor, json_answer

QUESTION = ApiRequest("/time_series", {"symbol": "EUR/USD", "interval": "1day"}, "EURUSD 1day")
TODAY = dt.date(2026, 11, 20)
GOOD = {"meta": {}, "values": [], "status": "ok"}
_MIB = 1024**2
_MOST_MEMORY = 16 * _MIB  # several times what one question may be answered with
_DEADLINE = 0.3

Maker = Callable[..., TwelveDataClient]


@pytest.fixture
def make_client(tmp_path: Path) -> Maker:
    def make(url: str, **more: object) -> TwelveDataClient:
        clock = FakeClock()
        budget = CreditBudget(tmp_path / "credits.sqlite", Limits(1000), clock, clock.sleep)
        return TwelveDataClient(url, KEY, budget, **more)  # type: ignore[arg-type]

    return make


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """The most bytes that Python held beyond those held at the start."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    yield lambda: tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()


def endless() -> Iterator[bytes]:
    chunk = b"[1, 2, 3], " * 6000
    for _ in range(8000):  # half a gigabyte
        yield chunk


def bomb(size: int) -> bytes:
    """``size`` bytes of JSON white space as gzip, a thousandth of it long."""
    packer, block = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16), b" " * _MIB
    return b"".join([packer.compress(block) for _ in range(size // _MIB)]) + packer.flush()


BOMB = bomb(128 * _MIB)
ENDLESS = {
    "chunked": lambda: Response(endless(), content_type="application/json"),
    "announced": lambda: Response(endless(), headers={"Content-Length": str(528_000_000)}),
    "bomb": lambda: Response(BOMB, headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_answer_over_the_limit_is_not_read_and_not_requested_again(
    make_client: Maker, vendor: LoopbackVendor, peak: Callable[[], int], kind: str
) -> None:
    vendor.answer_next(ENDLESS[kind]())

    with raises(SourceError, "answer-too-large", match=r"2\.2 MiB.*TWELVEDATA_URL"):
        make_client(vendor.url).ask(QUESTION, TODAY)

    assert peak() < _MOST_MEMORY
    assert len(vendor.questions) == 1


def test_a_batch_may_be_answered_with_more_than_a_single_symbol(
    make_client: Maker, vendor: LoopbackVendor
) -> None:
    values = [{"datetime": "2026-11-20", "open": "1" * 100}] * 20_000
    vendor.answer_next(json_answer({**GOOD, "values": values}))
    batch = ApiRequest(QUESTION.path, QUESTION.params, "EURUSD 1day and 3 more", cost=4)

    body = make_client(vendor.url).ask(batch, TODAY).body

    assert body is not None
    assert len(body["values"]) == 20_000


def test_a_compressed_answer_is_read_as_if_it_were_plain(
    make_client: Maker, vendor: LoopbackVendor
) -> None:
    packed = gzip.compress(b'{"meta": {}, "values": [], "status": "ok"}')
    vendor.answer_next(Response(packed, headers={"Content-Encoding": "gzip"}))

    assert make_client(vendor.url).ask(QUESTION, TODAY).body == GOOD


@pytest.mark.parametrize("body", [b"[" * 900_000, b'{"a":' * 200_000])
def test_json_that_is_nested_without_end_is_an_error_at_once(
    make_client: Maker, vendor: LoopbackVendor, body: bytes
) -> None:
    vendor.answer_next(Response(body, content_type="application/json"))

    with raises(SourceError, "answer-form", match="nested too deeply .*TWELVEDATA_URL"):
        make_client(vendor.url).ask(QUESTION, TODAY)

    assert len(vendor.questions) == 1


class SlowServer:
    """Accepts every connection and sends one byte of ``text`` after the other, without end."""

    def __init__(self, text: bytes) -> None:
        self._text, self.connections = text, 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            with closing(connection):
                if self._is_over.is_set():
                    return
                self.connections += 1
                self._trickle(connection)

    def _trickle(self, connection: socket.socket) -> None:
        try:
            connection.recv(65536)
            connection.sendall(self._text)
            while not self._is_over.wait(0.02):
                connection.sendall(b"x")
        except OSError:  # the client is gone
            return

    def counted(self, wanted: int) -> int:
        """The connections so far, as soon as they are as many or a minute has passed."""
        for _ in range(6000):
            if self.connections >= wanted:
                break
            time.sleep(0.01)
        return self.connections

    def close(self) -> None:
        self._is_over.set()
        with socket.create_connection(self._listening.getsockname()):
            self._thread.join()
        self._listening.close()


TRICKLES = {
    "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "body of known length": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{",
    "body to the end": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{",
}


@pytest.fixture(params=TRICKLES)
def slow(request: pytest.FixtureRequest) -> Iterator[SlowServer]:
    with closing(SlowServer(TRICKLES[request.param])) as server:
        yield server


def test_a_slow_answer_ends_at_the_deadline_and_is_requested_once_more(
    make_client: Maker, slow: SlowServer
) -> None:
    client = make_client(slow.url, deadline=_DEADLINE)

    with raises(SourceError, "no-answer", match=r"0\.3 s"):
        client.ask(QUESTION, TODAY)

    assert slow.counted(2) == 2


def test_a_vendor_that_answers_nothing_in_time_ends_the_run(
    make_client: Maker, slow: SlowServer
) -> None:
    client = make_client(slow.url, deadline=_DEADLINE)
    for _ in range(3):
        with raises(SourceError, "no-answer"):
            client.ask(QUESTION, TODAY)

    with raises(UnresponsiveError, "source-unresponsive", match="4 requests in a row"):
        client.ask(QUESTION, TODAY)
    assert slow.counted(5) == 5  # only the first request was repeated


def dated(seconds: float, **headers: str) -> Response:
    moment = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    return json_answer(GOOD, headers={"Date": f"{moment:%a, %d %b %Y %H:%M:%S GMT}", **headers})


def noon() -> float:
    return dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC).timestamp()


def test_a_clock_ahead_of_the_vendors_is_refused_with_the_remedy(
    make_client: Maker, vendor: LoopbackVendor
) -> None:
    client = make_client(vendor.url, clock=noon)
    vendor.answer_next(dated(-3 * 3600))

    with raises(ClockError, "clock", match=r"180 minutes.*timedatectl"):
        client.ask(QUESTION, TODAY)

    assert client.budget.reported("clock_offset") == "10800"


@pytest.mark.parametrize("response", [dated(-600), dated(-7200, Age="7100"), dated(7200)])
def test_a_clock_a_little_ahead_or_behind_fetches(
    make_client: Maker, vendor: LoopbackVendor, response: Response
) -> None:
    client = make_client(vendor.url, clock=noon)
    vendor.answer_next(response)

    assert client.ask(QUESTION, TODAY).body == GOOD
    assert client.is_clock_behind == (response.headers["Date"].endswith("14:00:00 GMT"))
