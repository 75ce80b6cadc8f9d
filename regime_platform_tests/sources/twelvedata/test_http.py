"""Every error the vendor can give, over a real socket, and the key that never shows."""

import datetime as dt
import logging
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from werkzeug import Response

from regime_platform.errors import ConfigError, CredentialsError, QuotaError, SourceError
from regime_platform.sources.credits import CreditBudget, Limits
from regime_platform.sources.twelvedata.http import ApiRequest, TwelveDataClient
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.conftest import ATTEMPTS, FakeClock
from regime_platform_tests.vendor import (
    DAY_SPENT,
    KEY,
    MINUTE_SPENT,
    NO_DATA,
    STUMBLES,
    LoopbackVendor,
    error_answer,
    json_answer,
)

GOOD = {"meta": {}, "values": [], "status": "ok"}
QUESTION = ApiRequest("/time_series", {"symbol": "EUR/USD", "interval": "1day"}, "EURUSD 1day")
TODAY = dt.date(2026, 11, 20)


def ask(client: TwelveDataClient) -> Mapping[str, Any] | None:
    return client.ask(QUESTION, TODAY).body


Maker = Callable[..., TwelveDataClient]


@pytest.fixture
def make_client(tmp_path: Path, vendor: LoopbackVendor) -> Maker:
    """A client with a key and a clock that only its own waiting moves."""

    def make(key: str = KEY, clock: FakeClock | None = None, **rest: Any) -> TwelveDataClient:
        time = clock or FakeClock()
        budget = CreditBudget(tmp_path / "credits.sqlite", Limits(), time, time.sleep)
        return TwelveDataClient(vendor.url, key, budget, **rest)

    return make


def test_a_good_answer_is_handed_on(make_client: Maker, vendor: LoopbackVendor) -> None:
    vendor.answer_next(json_answer(GOOD))

    assert ask(make_client()) == GOOD


@pytest.mark.parametrize("http", [200, 400])
def test_no_data_on_the_dates_is_no_error(
    make_client: Maker, vendor: LoopbackVendor, http: int
) -> None:
    vendor.answer_next(error_answer(400, NO_DATA, http))

    assert ask(make_client()) is None
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
    make_client: Maker, vendor: LoopbackVendor, code: int, expected: str, http: int | None
) -> None:
    vendor.answer_next(error_answer(code, "no", http))

    with pytest.raises(SourceError, match=f"EURUSD 1day: .*{expected}"):
        ask(make_client())
    assert len(vendor.questions) == 1


def test_a_wrong_key_ends_the_run(make_client: Maker, vendor: LoopbackVendor) -> None:
    with raises(CredentialsError, "credentials", match="TWELVEDATA_API_KEY"):
        ask(make_client(key="another"))
    assert len(vendor.questions) == 1


@pytest.mark.parametrize("http", [200, None])
def test_a_spent_minute_is_waited_out(
    make_client: Maker, vendor: LoopbackVendor, http: int | None
) -> None:
    clock = FakeClock(1_000_000_010.0)
    vendor.answer_next(error_answer(429, MINUTE_SPENT, http), json_answer(GOOD))

    assert ask(make_client(clock=clock)) == GOOD

    assert clock.waits == [60.0 - 1_000_000_010.0 % 60.0 + 1.0]
    assert len(vendor.questions) == 2


def test_minute_after_spent_minute_ends_the_run(make_client: Maker, vendor: LoopbackVendor) -> None:
    clock = FakeClock()
    vendor.answer_next(*[error_answer(429, MINUTE_SPENT)] * 5)

    with raises(QuotaError, "minute-credits-spent"):
        ask(make_client(clock=clock))
    assert len(vendor.questions) == 5
    assert len(clock.waits) == 4


def test_a_spent_day_ends_the_run_at_once(make_client: Maker, vendor: LoopbackVendor) -> None:
    vendor.answer_next(error_answer(429, DAY_SPENT))

    with raises(QuotaError, "quota"):
        ask(make_client())
    assert len(vendor.questions) == 1


@pytest.mark.parametrize("stumble", STUMBLES.values(), ids=STUMBLES)
def test_a_stumbling_server_is_asked_again(
    make_client: Maker, vendor: LoopbackVendor, stumble: Any
) -> None:
    vendor.answer_next(stumble(), json_answer(GOOD))

    assert ask(make_client()) == GOOD


@pytest.mark.parametrize("stumble", STUMBLES.values(), ids=STUMBLES)
def test_a_server_that_keeps_stumbling_is_given_up(
    make_client: Maker, vendor: LoopbackVendor, stumble: Any
) -> None:
    vendor.answer_next(*[stumble() for _ in range(ATTEMPTS)])

    with raises(SourceError, "no-answer", match="EURUSD 1day: .*/time_series"):
        ask(make_client())
    assert len(vendor.questions) == ATTEMPTS


def test_a_timeout_and_a_refused_connection_are_tried_again(make_client: Maker) -> None:
    faults = [httpx.ReadTimeout("slow"), httpx.ConnectError("refused")]

    def answer(request: httpx.Request) -> httpx.Response:
        if faults:
            raise faults.pop(0)
        return httpx.Response(200, json=GOOD, request=request)

    client = make_client(transport=httpx.MockTransport(answer))

    assert ask(client) == GOOD


def test_the_key_travels_in_a_header_only(make_client: Maker, vendor: LoopbackVendor) -> None:
    vendor.answer_next(json_answer(GOOD))

    ask(make_client())

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
    make_client: Maker, vendor: LoopbackVendor, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = make_client()
    vendor.answer_next(*[answer() for _ in range(ATTEMPTS)])

    with pytest.raises(SourceError) as caught:
        ask(client)

    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown
    assert KEY not in caplog.text
    assert KEY not in repr(client)


@pytest.mark.parametrize("key", ["", "  ", "abc\ndef", "schlüssel-123"])
def test_a_key_that_cannot_be_sent_is_refused_unseen(make_client: Maker, key: str) -> None:
    with raises(ConfigError, "unusable-key", match="TWELVEDATA_API_KEY") as caught:
        make_client(key=key)
    assert not key.strip() or key not in str(caught.value)
