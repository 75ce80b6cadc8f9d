"""Every error the vendor can give, over a real socket, and the key that never shows."""

import gzip
import logging
import traceback
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from werkzeug import Response

from regime_platform.errors import ConfigError, CredentialsError, QuotaError, SourceError
from regime_platform.sources.twelvedata_http import TwelveDataClient
from regime_platform_tests.sources.conftest import ATTEMPTS
from regime_platform_tests.vendor import (
    DAY_SPENT,
    KEY,
    MINUTE_SPENT,
    NO_DATA,
    LoopbackVendor,
    error_answer,
    json_answer,
)

GOOD = {"meta": {}, "values": [], "status": "ok"}
PARAMS = {"symbol": "EUR/USD", "interval": "1day"}


def ask(client: TwelveDataClient) -> Mapping[str, Any] | None:
    return client.get("/time_series", PARAMS, "EURUSD 1day")


def make_client(
    vendor: LoopbackVendor,
    key: str = KEY,
    now: float = 0.0,
    waits: list[float] | None = None,
) -> TwelveDataClient:
    slept = [] if waits is None else waits
    return TwelveDataClient(vendor.url, key, clock=lambda: now, sleep=slept.append)


def test_a_good_answer_is_handed_on(vendor: LoopbackVendor) -> None:
    vendor.answer_next(json_answer(GOOD))

    assert ask(make_client(vendor)) == GOOD


@pytest.mark.parametrize("http", [200, 400])
def test_no_data_on_the_dates_is_no_error(vendor: LoopbackVendor, http: int) -> None:
    vendor.answer_next(error_answer(400, NO_DATA, http))

    assert ask(make_client(vendor)) is None
    assert len(vendor.questions) == 1


@pytest.mark.parametrize("http", [200, None])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (400, "400 .*universe.yaml"),
        (403, "403 .*plan does not cover"),
        (404, "404 .*provider_symbol"),
        (414, "414 .*defect"),
        (418, "418 .*REGIME_TWELVEDATA_URL"),
    ],
)
def test_a_refusal_names_the_symbol_and_the_remedy_and_is_not_repeated(
    vendor: LoopbackVendor, code: int, expected: str, http: int | None
) -> None:
    vendor.answer_next(error_answer(code, "no", http))

    with pytest.raises(SourceError, match=f"EURUSD 1day: .*{expected}"):
        ask(make_client(vendor))
    assert len(vendor.questions) == 1


def test_a_wrong_key_ends_the_run(vendor: LoopbackVendor) -> None:
    with pytest.raises(CredentialsError, match="TWELVEDATA_API_KEY"):
        ask(make_client(vendor, key="another"))
    assert len(vendor.questions) == 1


@pytest.mark.parametrize("http", [200, None])
def test_a_spent_minute_is_waited_out(vendor: LoopbackVendor, http: int | None) -> None:
    waits: list[float] = []
    vendor.answer_next(error_answer(429, MINUTE_SPENT, http), json_answer(GOOD))

    assert ask(make_client(vendor, now=1_000_000_010.0, waits=waits)) == GOOD

    assert waits == [60.0 - 1_000_000_010.0 % 60.0 + 1.0]
    assert len(vendor.questions) == 2


def test_minute_after_spent_minute_ends_the_run(vendor: LoopbackVendor) -> None:
    waits: list[float] = []
    vendor.answer_next(*[error_answer(429, MINUTE_SPENT)] * 5)

    with pytest.raises(QuotaError, match="what else uses this"):
        ask(make_client(vendor, waits=waits))
    assert len(waits) == len(vendor.questions) == 5


def test_a_spent_day_ends_the_run_at_once(vendor: LoopbackVendor) -> None:
    vendor.answer_next(error_answer(429, DAY_SPENT))

    with pytest.raises(QuotaError, match="credits of the day"):
        ask(make_client(vendor))
    assert len(vendor.questions) == 1


STUMBLES = {
    "500": lambda: error_answer(500, "internal"),
    "502 page": lambda: Response("<html>Bad Gateway</html>", 502, content_type="text/html"),
    "200 page": lambda: Response("<html>Maintenance</html>", 200, content_type="text/html"),
    "error in 200": lambda: error_answer(503, "overloaded", 200),
    "error without a code": lambda: json_answer({"status": "error"}),
    "cut JSON": lambda: Response('{"meta": {"symbol": "EU', content_type="application/json"),
    "a list": lambda: json_answer([1, 2]),
    "invalid UTF-8": lambda: Response(b'{"a": "\xff\xfe"}', content_type="application/json"),
    "invalid gzip": lambda: Response(
        gzip.compress(b"{}")[:5] + b"rubbish", headers={"Content-Encoding": "gzip"}
    ),
    "cut body": lambda: Response(b"{", headers={"Content-Length": "1000"}),
}


@pytest.mark.parametrize("stumble", STUMBLES.values(), ids=STUMBLES)
def test_a_stumbling_server_is_asked_again(vendor: LoopbackVendor, stumble: Any) -> None:
    vendor.answer_next(stumble(), json_answer(GOOD))

    assert ask(make_client(vendor)) == GOOD


@pytest.mark.parametrize("stumble", STUMBLES.values(), ids=STUMBLES)
def test_a_server_that_keeps_stumbling_is_given_up(vendor: LoopbackVendor, stumble: Any) -> None:
    vendor.answer_next(*[stumble() for _ in range(ATTEMPTS)])

    with pytest.raises(SourceError, match=r"EURUSD 1day: .*did not answer /time_series properly"):
        ask(make_client(vendor))
    assert len(vendor.questions) == ATTEMPTS


def test_a_timeout_and_a_refused_connection_are_tried_again() -> None:
    faults = [httpx.ReadTimeout("slow"), httpx.ConnectError("refused")]

    def answer(request: httpx.Request) -> httpx.Response:
        if faults:
            raise faults.pop(0)
        return httpx.Response(200, json=GOOD, request=request)

    client = TwelveDataClient(
        "http://vendor.test", KEY, lambda: 0.0, lambda _: None, httpx.MockTransport(answer)
    )

    assert ask(client) == GOOD


def test_the_key_travels_in_a_header_only(vendor: LoopbackVendor) -> None:
    vendor.answer_next(json_answer(GOOD))

    ask(make_client(vendor))

    assert KEY not in vendor.questions[0].url


@pytest.mark.parametrize(
    "answer",
    [
        lambda: error_answer(401, f"the key {KEY} is wrong"),
        lambda: error_answer(400, f"{KEY}: bad parameter"),
        lambda: error_answer(404, f"{KEY}: not found"),
        lambda: error_answer(429, f"{KEY}: spent for the day"),
        lambda: error_answer(500, f"{KEY}: internal"),
        lambda: Response(f"<html>{KEY}</html>", 502),
    ],
)
def test_the_key_shows_in_no_message_log_or_traceback(
    vendor: LoopbackVendor, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = make_client(vendor)
    vendor.answer_next(*[answer() for _ in range(ATTEMPTS)])

    with pytest.raises(SourceError) as caught:
        ask(client)

    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown
    assert KEY not in caplog.text
    assert KEY not in repr(client)


@pytest.mark.parametrize("key", ["", "  ", "abc\ndef", "schlüssel-123"])
def test_a_key_that_cannot_be_sent_is_refused_unseen(vendor: LoopbackVendor, key: str) -> None:
    with pytest.raises(ConfigError, match="TWELVEDATA_API_KEY") as caught:
        make_client(vendor, key=key)
    assert not key.strip() or key not in str(caught.value)
