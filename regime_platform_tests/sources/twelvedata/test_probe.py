"""`regime doctor --live` measures a vendor of known behaviour."""

import datetime as dt
from pathlib import Path

import pytest

from regime_platform.errors import CredentialsError
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.sources.credits import CreditBudget, Limits
from regime_platform.sources.twelvedata.http import TwelveDataClient
from regime_platform.sources.twelvedata.probe import probe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.sources.conftest import FakeClock
from regime_platform_tests.vendor import KEY, LoopbackVendor, Plan

NOON = dt.datetime(2026, 11, 19, 17, tzinfo=dt.UTC)


def ask(tmp_path: Path, vendor: LoopbackVendor, key: str = KEY) -> dict[str, str]:
    clock = FakeClock()
    budget = CreditBudget(tmp_path / "credits.sqlite", Limits(55), clock, clock.sleep)
    learned = probe(TwelveDataClient(vendor.url, key, budget), NOON)
    return {each.question: each.answer for each in learned}


def test_the_seven_questions_are_answered(tmp_path: Path, vendor: LoopbackVendor) -> None:
    vendor.plan, vendor.now, vendor.asset_class = Plan(55), lambda: NOON, "US_EQUITY"
    vendor.list_series(
        "EUR/USD", "1h", make_bars(4000, "1h", dt.datetime(2026, 6, 1, tzinfo=dt.UTC))
    )
    for frame in ("1h", "4h", "1day", "1week"):
        start, end = (
            dt.datetime(2024, 1, 2, tzinfo=dt.UTC),
            dt.datetime(2026, 11, 21, tzinfo=dt.UTC),
        )
        opens = expected_opens(MARKETS["US_EQUITY"], frame, start, end)
        vendor.list_series("SPY", frame, make_bars(opens.len()).with_columns(ts=opens))

    answers = ask(tmp_path, vendor)

    assert answers["end of an intraday window"] == "inclusive"
    assert answers["forming daily bar"].endswith(
        "the newest daily bar is 2026-11-19, which is forming"
    )
    assert answers["anchor of 1h and 4h stock bars"].startswith("1h opens at ")
    assert answers["label of a week whose Monday is closed"].endswith(
        "labelled 2024-01-08 2024-01-15 2024-01-22"
    )
    assert answers["credits of /earliest_timestamp"] == "1 credits"
    assert answers["HTTP status of errors"].endswith("HTTP 200 and code 404")
    assert answers["texts of spent credits"] == "minute: none met yet; day: none met yet"


def test_an_unknown_answer_has_a_reason(tmp_path: Path, vendor: LoopbackVendor) -> None:
    answers = ask(tmp_path, vendor)

    assert answers["end of an intraday window"].startswith(
        "unknown: EUR/USD: Twelve Data answered 404"
    )
    assert answers["credits of /earliest_timestamp"].startswith("unknown: the answers have no")


def test_a_refused_key_ends_the_probe(tmp_path: Path, vendor: LoopbackVendor) -> None:
    with pytest.raises(CredentialsError):
        ask(tmp_path, vendor, "another-key")
    assert len(vendor.questions) == 1
