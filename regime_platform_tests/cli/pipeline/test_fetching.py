"""update and backfill from outside: JSON, exit codes, dry runs, kills, and where the key is not."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from regime_platform.settings import Settings
from regime_platform_tests.cli.conftest import Ended, Regime
from regime_platform_tests.pipeline.vendor_street import (
    held_bars,
    list_stock,
    stock_bars,
    vendor_settings,
)
from regime_platform_tests.scenario import fingerprint
from regime_platform_tests.vendor import (
    DAY_SPENT,
    KEY,
    LoopbackVendor,
    error_answer,
    json_answer,
)

START = dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
FRIDAY = dt.datetime(2026, 11, 21, 2, tzinfo=dt.UTC)
NOW = FRIDAY.isoformat()
STOCKS = ("AAA", "BBB", "CCC")

Fetch = Callable[..., Ended]


@pytest.fixture
def vendor(httpserver: HTTPServer) -> LoopbackVendor:
    return LoopbackVendor(httpserver, asset_class="US_EQUITY")


@pytest.fixture
def listed(tmp_path: Path, vendor: LoopbackVendor) -> Settings:
    """Three stocks with days and weeks, all of which the vendor has."""
    for seed, symbol in enumerate(STOCKS):
        for frame in ("1day", "1week"):
            list_stock(vendor, symbol, frame, stock_bars(frame, START, FRIDAY, seed))
    return vendor_settings(tmp_path, vendor, STOCKS)


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """What a process needs to work on these settings."""
    assert settings.twelvedata_api_key is not None
    return {
        "REGIME_DATA_ROOT": str(settings.data_root),
        "REGIME_TWELVEDATA_URL": settings.twelvedata_url,
        "TWELVEDATA_API_KEY": settings.twelvedata_api_key.get_secret_value(),
        "REGIME_CREDITS_FOLDER": str(settings.credits_folder),
        "REGIME_CREDITS_PER_MINUTE": "10000",
        "REGIME_REREAD_SHARE": "0",
        **more,
    }


@pytest.fixture
def fetch(regime: Regime, listed: Settings, monkeypatch: pytest.MonkeyPatch) -> Fetch:
    def run(*arguments: str) -> Ended:
        for name, value in environment(listed).items():
            monkeypatch.setenv(name, value)
        return regime(*arguments, settings=listed)

    return run


def told(ended: Ended) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ended.out)
    return document


def test_update_brings_everything_and_tells_it_per_series_and_in_total(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    ended = fetch("update", "--all", "--now", NOW, "--json")

    assert ended.code == 0
    facts = told(ended)
    assert [(series["symbol"], series["timeframe"]) for series in facts["series"]] == [
        (symbol, frame) for symbol in STOCKS for frame in ("1day", "1week")
    ]
    assert set(facts["series"][0]) >= {
        "requests",
        "new",
        "revised",
        "same",
        "provisional",
        "status",
        "reason",
    }
    assert facts["total"]["new"] == sum(series["new"] for series in facts["series"]) > 0
    assert facts["total"]["requests"] == len(vendor.questions) == 12
    assert held_bars(listed, "AAA", "1day", FRIDAY).equals(stock_bars("1day", START, FRIDAY, 0))


def test_a_second_update_asks_nothing_and_writes_nothing(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    fetch("update", "--all", "--now", NOW)
    asked, before = len(vendor.questions), fingerprint(listed.data_root)

    ended = fetch("update", "--all", "--now", NOW, "--json")

    assert ended.code == 0
    assert told(ended)["total"]["requests"] == 0
    assert len(vendor.questions) == asked
    assert fingerprint(listed.data_root) == before


def test_updates_of_many_symbols_share_their_round_trips(
    fetch: Fetch, vendor: LoopbackVendor
) -> None:
    fetch("update", "--all", "--now", "2026-11-14T02:00Z")
    vendor.questions.clear()

    ended = fetch("update", "--all", "--now", NOW, "--json")

    total = told(ended)["total"]
    assert [question.params["symbol"] for question in vendor.questions] == ["AAA,BBB,CCC"] * len(
        vendor.questions
    )
    assert (total["requests"], total["credits"]) == (2, 6)
    assert (total["new"], total["revised"]) == (18, 0)  # five days and a week each


def test_one_symbol_that_the_vendor_does_not_know_ends_with_3_and_all_with_1(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    listed = vendor_settings(listed.data_root.parent, vendor, [*STOCKS, "ZZZ"])

    some = fetch("update", "--all", "--now", NOW)
    none = fetch("update", "ZZZ", "--now", NOW, "--json")

    assert (some.code, none.code) == (3, 1)
    assert some.out.splitlines()[2].split()[:3] == ["ZZZ", "1day", "unknown_symbol"]
    assert told(none)["total"]["requests"] == 0
    assert "asked again from 2026-11-22" in told(none)["series"][0]["reason"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("update",),
        ("update", "NOPE"),
        ("update", "AAA", "--timeframe", "2h"),
        ("update", "AAA", "--timeframe", "1h"),
        ("backfill", "AAA", "--since", "yesterday"),
    ],
)
def test_wrong_usage_ends_with_2(fetch: Fetch, wrong: tuple[str, ...]) -> None:
    assert fetch(*wrong).code == 2


def test_a_spent_day_ends_early_with_what_came_before_it_and_the_next_day_goes_on(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    fetch("update", "AAA", "--now", NOW)
    vendor.answer_next(error_answer(429, DAY_SPENT))

    stopped = fetch("update", "--all", "--now", NOW, "--json")
    carried_on = fetch("update", "--all", "--now", "2026-11-22T02:00Z")

    assert stopped.code == 3
    assert "credits of the day" in told(stopped)["ended_early"]
    assert carried_on.code == 0
    assert held_bars(listed, "CCC", "1day", FRIDAY).equals(stock_bars("1day", START, FRIDAY, 2))


def test_a_dry_run_tells_the_cost_asks_nothing_and_writes_nothing(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    before = fingerprint(listed.data_root)

    unknown = fetch("backfill", "--all", "--dry-run", "--now", NOW, "--json")
    asked = len(vendor.questions)
    written = fingerprint(listed.data_root)
    fetch("backfill", "AAA", "BBB", "--now", NOW)
    rest = fetch("backfill", "--all", "--dry-run", "--now", NOW, "--json")

    assert asked == 0
    assert written == before
    # three pages of days since 1980, one of weeks, and the question for the first bar of each
    assert told(unknown) == {
        "series": 6,
        "requests": 18,
        "credits": 18,
        "credits_per_minute": 10_000,
        "assumed": 6,
        "minutes": 1,
    }
    assert told(rest)["series"] == told(rest)["assumed"] == 2


def test_a_backfill_of_one_timeframe_since_a_date_leaves_the_rest(
    fetch: Fetch, listed: Settings
) -> None:
    ended = fetch(
        "backfill", "AAA", "--timeframe", "1d", "--since", "2026-06-01", "--now", NOW, "--json"
    )

    (series,) = told(ended)["series"]
    days = stock_bars("1day", START, FRIDAY, 0)
    assert held_bars(listed, "AAA", "1day", FRIDAY).equals(
        days.filter(days["ts"] >= dt.datetime(2026, 6, 1, tzinfo=dt.UTC))
    )
    assert series["new"] < days.height


def test_a_timeframe_of_some_symbols_is_asked_for_those_only(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    universe = listed.data_root / "universe.yaml"
    text = universe.read_text()
    universe.write_text(text.replace("tier: daily", "tier: core", 1))
    hours = stock_bars("1h", dt.datetime(2026, 10, 1, tzinfo=dt.UTC), FRIDAY)
    list_stock(vendor, "AAA", "1h", hours)

    ended = fetch("update", "--all", "--timeframe", "1h", "--now", NOW, "--json")

    assert ended.code == 0
    assert [(series["symbol"], series["new"]) for series in told(ended)["series"]] == [
        ("AAA", hours.height)
    ]


def test_a_backfill_that_is_killed_goes_on_where_it_was(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    vendor = LoopbackVendor(httpserver, asset_class="US_EQUITY")
    bars = stock_bars("15min", dt.datetime(2025, 2, 3, tzinfo=dt.UTC), FRIDAY)
    list_stock(vendor, "AAA", "15min", bars)
    settings = vendor_settings(tmp_path, vendor, ["AAA"], tier="core")
    killed: list[int] = []

    def kill_at_the_third_page(request: Request) -> Response:
        if len(vendor.asked("/time_series")) == 2 and not killed:
            killed.append(process.pid)
            os.kill(process.pid, signal.SIGKILL)
        return vendor.answer(request)

    httpserver.clear()
    for path in ("/time_series", "/earliest_timestamp"):
        httpserver.expect_request(path).respond_with_handler(kill_at_the_third_page)
    process = _start(settings, "backfill", "AAA", "--timeframe", "15min", "--now", NOW)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL

    again = _start(settings, "backfill", "AAA", "--timeframe", "15min", "--now", NOW)
    again.communicate(timeout=60)

    assert again.returncode == 0
    assert held_bars(settings, "AAA", "15min", FRIDAY).equals(bars)
    asked = Counter(one.params["start_date"] for one in vendor.asked("/time_series"))
    assert max(asked.values()) <= 2
    assert sum(asked.values()) - len(asked) <= 1


def test_the_key_stands_nowhere_that_a_failing_run_leaves(
    tmp_path: Path, listed: Settings, vendor: LoopbackVendor
) -> None:
    faults = [
        error_answer(500, f"{KEY} internal"),
        error_answer(404, f"apikey {KEY}: not found"),
        json_answer({"meta": {"symbol": KEY}, "values": "none", "status": "ok"}),
        json_answer({"datetime": f"{KEY}"}),
        error_answer(400, f"bad {KEY}"),
        error_answer(401, f"the key {KEY} is wrong"),
    ]
    vendor.answer_next(*faults)
    left = []

    for command in ("run", "backfill"):
        process = _start(listed, command, "--all", "--now", NOW)
        left += [text.encode() for text in process.communicate(timeout=120)]

    everything = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    names = [str(path) for path in tmp_path.rglob("*")]
    assert len(everything) > 5
    assert len(vendor.questions) >= len(faults)
    assert not any(KEY.encode() in one for one in [*everything, *left])
    assert not any(KEY in name for name in names)
    assert not any(KEY in question.url for question in vendor.questions)


def _start(settings: Settings, *arguments: str) -> "subprocess.Popen[str]":
    regime = Path(sys.executable).with_name("regime")
    return subprocess.Popen(
        [regime, *arguments],
        env={**os.environ, **environment(settings)},
        cwd=settings.data_root.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_doctor_asks_the_vendor_only_when_told_to_and_keeps_the_answers(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    quiet = fetch("doctor", "--now", NOW, "--json")
    asked = len(vendor.questions)
    live = fetch("doctor", "--live", "--now", NOW, "--json")

    assert asked == 0
    assert quiet.code == live.code == 0, live.out
    kept = json.loads((listed.data_root / "vendor_answers.json").read_text())
    assert len(kept["answers"]) == 7
    assert kept["asked_at"] == "2026-11-21T02:00:00Z"
    names = [check["name"] for check in told(live)["checks"]]
    assert {"settings", "calendars", "credits"} < set(names)
    assert KEY not in quiet.out + live.out


def test_a_clock_ahead_of_the_vendors_fetches_nothing_and_the_doctor_names_it(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    before = fingerprint(listed.data_root)
    real = dt.datetime.now(dt.UTC) - dt.timedelta(hours=3)
    vendor.is_dated, vendor.now = True, lambda: real

    refused = fetch("update", "--all")
    doctor = fetch("doctor", "--json")

    assert refused.code == 1
    assert "180 minutes ahead of Twelve Data's" in refused.out + refused.err
    assert fingerprint(listed.data_root) == before
    assert len(vendor.questions) == 1
    clock = next(check for check in told(doctor)["checks"] if check["name"] == "clock")
    assert (clock["status"], "ahead of" in clock["detail"]) == ("wrong", True)
    assert "timedatectl" in clock["remedy"]


@pytest.mark.parametrize(
    "command", [("update", "--all"), ("run", "--all"), ("backfill", "--all"), ("compute", "--all")]
)
def test_a_time_to_come_is_nothing_to_store_at(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor, command: tuple[str, ...]
) -> None:
    before = fingerprint(listed.data_root)

    ended = fetch(*command, "--now", "2999-01-01")

    assert ended.code == 2
    assert "error[time-ahead]" in ended.err
    assert fingerprint(listed.data_root) == before
    assert vendor.questions == []


def test_an_estimate_may_be_made_for_a_time_to_come(fetch: Fetch) -> None:
    assert fetch("backfill", "--all", "--dry-run", "--now", "2027-06-01", "--json").code == 0
