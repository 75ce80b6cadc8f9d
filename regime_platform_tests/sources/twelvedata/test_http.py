"""Every error of the vendor, over a real socket; the key is never shown."""

import logging
import traceback
from typing import Any

import httpx
import pytest
from stamina.instrumentation import RetryDetails, get_on_retry_hooks
from werkzeug import Response

from regime_platform.errors import ConfigError, QuotaError, SourceError
from regime_platform.sources.attempts import TransientError
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.conftest import ATTEMPTS, FakeClock
from regime_platform_tests.sources.twelvedata.asked import Maker, ask
from regime_platform_tests.vendor import (
    DAY_SPENT,
    KEY,
    MINUTE_SPENT,
    STUMBLES,
    LoopbackVendor,
    error_answer,
    json_answer,
)

GOOD = {"meta": {}, "values": [], "status": "ok"}


def test_a_good_answer_is_returned(make_client: Maker, vendor: LoopbackVendor) -> None:
    vendor.answer_next(json_answer(GOOD))

    assert ask(make_client()) == GOOD


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

    with raises(QuotaError, "minute-credits-spent", match="what else uses this"):
        ask(make_client(clock=clock))
    assert len(vendor.questions) == 5
    assert len(clock.waits) == 4


def test_a_spent_day_ends_the_run_at_once(make_client: Maker, vendor: LoopbackVendor) -> None:
    vendor.answer_next(error_answer(429, DAY_SPENT))

    with raises(QuotaError, "quota", match="credits of the day"):
        ask(make_client())
    assert len(vendor.questions) == 1


@pytest.mark.parametrize("stumble", STUMBLES.values(), ids=STUMBLES)
def test_a_server_error_is_retried(
    make_client: Maker, vendor: LoopbackVendor, stumble: Any
) -> None:
    vendor.answer_next(stumble(), json_answer(GOOD))

    assert ask(make_client()) == GOOD


def test_one_line_announces_a_request_that_waits_for_longer_than_a_few_seconds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = TransientError("Twelve Data", "EURUSD 1day", "503: overloaded")
    (report,) = get_on_retry_hooks()
    for number, (wait, before) in enumerate([(1.4, 0.0), (2.6, 1.4), (4.6, 4.0), (8.3, 8.6)]):
        report(RetryDetails("ask", (), {}, number + 1, wait, before, error))

    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        (
            "regime_platform.sources",
            "EURUSD 1day: Twelve Data does not answer (503: overloaded), trying again in 3 s",
        )
    ]


@pytest.mark.parametrize("stumble", STUMBLES.values(), ids=STUMBLES)
def test_repeated_server_errors_end_the_request(
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
