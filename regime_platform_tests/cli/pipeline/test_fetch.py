"""`regime update` and `backfill`: JSON, exit codes, dry runs, kills; no output has the key."""

import datetime as dt
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from regime_platform.settings import Settings
from regime_platform_tests.cli.conftest import Fetch, Regime, document_of
from regime_platform_tests.cli.three_symbols import GOOD
from regime_platform_tests.cli.vendor_stocks import FRIDAY, NOW, START, STOCKS, environment
from regime_platform_tests.pipeline.vendor_street import (
    list_stock,
    stock_bars,
    stored_bars,
    vendor_settings,
)
from regime_platform_tests.scenario import fingerprint, serve
from regime_platform_tests.vendor import (
    DAY_SPENT,
    KEY,
    LoopbackVendor,
    error_answer,
    json_answer,
)


@pytest.mark.slow
def test_update_fetches_everything_and_reports_per_series_and_in_total(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    ended = fetch("update", "--all", "--now", NOW, "--json")

    assert ended.code == 0
    facts = document_of(ended)
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
    assert stored_bars(listed, "AAA", "1day", FRIDAY).equals(stock_bars("1day", START, FRIDAY, 0))


@pytest.mark.slow
def test_repeated_update_requests_and_writes_nothing(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    fetch("update", "--all", "--now", NOW)
    asked, before = len(vendor.questions), fingerprint(listed.data_root)

    ended = fetch("update", "--all", "--now", NOW, "--json")

    assert ended.code == 0
    assert document_of(ended)["total"]["requests"] == 0
    assert len(vendor.questions) == asked
    assert fingerprint(listed.data_root) == before


def test_updates_of_many_symbols_share_their_round_trips(
    fetch: Fetch, vendor: LoopbackVendor
) -> None:
    fetch("update", "--all", "--now", "2026-11-14T02:00Z")
    vendor.questions.clear()

    ended = fetch("update", "--all", "--now", NOW, "--json")

    total = document_of(ended)["total"]
    assert [question.params["symbol"] for question in vendor.questions] == ["AAA,BBB,CCC"] * len(
        vendor.questions
    )
    assert (total["requests"], total["credits"]) == (2, 6)
    assert (total["new"], total["revised"]) == (18, 0)  # five days and a week each


def test_some_unknown_symbols_end_with_3_all_with_1(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    listed = vendor_settings(listed.data_root.parent, vendor, [*STOCKS, "ZZZ"])

    some = fetch("update", "--all", "--now", NOW)
    none = fetch("update", "ZZZ", "--now", NOW, "--json")

    assert (some.code, none.code) == (3, 1)
    assert some.out.splitlines()[2].split()[:3] == ["ZZZ", "1day", "unknown_symbol"]
    assert document_of(none)["total"]["requests"] == 0
    assert "asked again from 2026-11-22" in document_of(none)["series"][0]["reason"]


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
def test_usage_error_ends_with_2(fetch: Fetch, wrong: tuple[str, ...]) -> None:
    assert fetch(*wrong).code == 2


@pytest.mark.slow
def test_spent_day_ends_early_and_the_next_day_resumes(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    fetch("update", "AAA", "--now", NOW)
    vendor.answer_next(error_answer(429, DAY_SPENT), error_answer(429, DAY_SPENT))

    stopped = fetch("update", "--all", "--now", NOW, "--json")
    again = fetch("update", "--all", "--now", NOW)
    carried_on = fetch("update", "--all", "--now", "2026-11-22T02:00Z")

    assert (again.out + again.err).count("credits of the day") == 1
    assert stopped.code == 3
    facts = document_of(stopped)
    assert "credits of the day" in facts["ended_early"]
    assert [(each["symbol"], each["status"], each["requests"]) for each in facts["series"]] == [
        ("AAA", "ok", 0),
        ("AAA", "ok", 0),
        ("BBB", "not_reached", 1),
        ("BBB", "not_reached", 0),
        ("CCC", "not_reached", 0),
        ("CCC", "not_reached", 0),
    ]
    assert all("credits of the day" in each["reason"] for each in facts["series"][2:])
    assert facts["total"]["status"] == {"ok": 2, "not_reached": 4}
    assert carried_on.code == 0
    assert stored_bars(listed, "CCC", "1day", FRIDAY).equals(stock_bars("1day", START, FRIDAY, 2))


@pytest.mark.slow
def test_dry_run_shows_the_cost_and_requests_and_writes_nothing(
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
    assert document_of(unknown) == {
        "series": 6,
        "requests": 18,
        "credits": 18,
        "credits_per_minute": 10_000,
        "assumed": 6,
        "minutes": 1,
    }
    assert document_of(rest)["series"] == document_of(rest)["assumed"] == 2


def test_a_backfill_of_one_timeframe_since_a_date_leaves_the_rest(
    fetch: Fetch, listed: Settings
) -> None:
    ended = fetch(
        "backfill", "AAA", "--timeframe", "1d", "--since", "2026-06-01", "--now", NOW, "--json"
    )

    (series,) = document_of(ended)["series"]
    days = stock_bars("1day", START, FRIDAY, 0)
    assert stored_bars(listed, "AAA", "1day", FRIDAY).equals(
        days.filter(days["ts"] >= dt.datetime(2026, 6, 1, tzinfo=dt.UTC))
    )
    assert series["new"] < days.height


def test_timeframe_is_fetched_only_for_symbols_tracked_on_it(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    universe = listed.data_root / "universe.yaml"
    text = universe.read_text()
    universe.write_text(text.replace("tier: daily", "tier: core", 1))
    hours = stock_bars("1h", dt.datetime(2026, 10, 1, tzinfo=dt.UTC), FRIDAY)
    list_stock(vendor, "AAA", "1h", hours)

    ended = fetch("update", "--all", "--timeframe", "1h", "--now", NOW, "--json")

    assert ended.code == 0
    assert [(series["symbol"], series["new"]) for series in document_of(ended)["series"]] == [
        ("AAA", hours.height)
    ]


@pytest.mark.slow
def test_killed_backfill_resumes(tmp_path: Path, httpserver: HTTPServer) -> None:
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
    assert stored_bars(settings, "AAA", "15min", FRIDAY).equals(bars)
    asked = Counter(request.params["start_date"] for request in vendor.asked("/time_series"))
    assert max(asked.values()) <= 2
    assert sum(asked.values()) - len(asked) <= 1


@pytest.mark.slow
def test_key_is_in_no_output_or_file_of_a_failing_run(
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
    assert not any(KEY.encode() in text for text in [*everything, *left])
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


def test_refused_key_ends_a_run_and_shows_all_that_was_not_reached(
    fetch: Fetch, vendor: LoopbackVendor
) -> None:
    vendor.answer_next(error_answer(401, "wrong key"))

    ended = fetch("run", "--all", "--now", NOW)

    assert ended.code == 1
    assert ended.err.count("check TWELVEDATA_API_KEY") == 1
    assert "TWELVEDATA" not in ended.out  # not once more in every row
    assert "3 symbols: 3 not_reached · 0 new bars" in ended.err


def test_reason_of_a_failed_series_names_it_once(fetch: Fetch, vendor: LoopbackVendor) -> None:
    vendor.answer_next(error_answer(400, "bad question"))

    ended = fetch("update", "AAA", "--timeframe", "1day", "--now", NOW)

    assert ended.code == 1
    assert "bad question" in " ".join(ended.out.split())
    assert "AAA 1day: 1day" not in ended.out
    assert ended.out.count("AAA") == 1


@pytest.mark.parametrize(
    "command", [("update", "--all"), ("run", "--all"), ("backfill", "--all"), ("compute", "--all")]
)
def test_future_time_is_refused_by_commands_that_store(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor, command: tuple[str, ...]
) -> None:
    before = fingerprint(listed.data_root)

    ended = fetch(*command, "--now", "2999-01-01")

    assert ended.code == 2
    assert "error[time-ahead]" in ended.err
    assert fingerprint(listed.data_root) == before
    assert vendor.questions == []


def test_estimate_accepts_a_future_time(fetch: Fetch) -> None:
    assert fetch("backfill", "--all", "--dry-run", "--now", "2027-06-01", "--json").code == 0


def test_fetched_bars_are_promoted_and_their_results_are_pending_until_computed(
    regime: Regime, three: Settings
) -> None:
    at = ("--now", NOW)
    fetched = regime("backfill", "--all", *at, "--json", settings=three)
    proven = document_of(regime("verify", "AAA", "BBB", "--json"))
    board, state = regime("board"), regime("state", "AAA")
    status, snapshot = regime("status", *at), regime("snapshot", *at)
    repaired = regime("repair", "AAA", "BBB")

    assert fetched.code == 3
    (problem,) = document_of(fetched)["gate"]
    assert (problem["symbol"], problem["status"]) == ("BAD", "blocked")
    assert "regime bars exclude BAD" in problem["reason"]
    folders = {symbol: three.data_root / "assets" / symbol for symbol in ("AAA", "BBB", "BAD")}
    assert [len(list(folder.glob("bars/1day/*"))) for folder in folders.values()] == [1, 1, 0]
    written = [(folder / "manifest.json").exists() for folder in folders.values()]
    assert written == [True, True, False]
    assert [symbol["proof"] for symbol in proven["symbols"]] == ["results pending"] * 2
    assert (proven["exit_code"], proven["symbols"][0]["remedy"]) == (0, "regime compute AAA")
    assert "AAA: results pending; `regime compute AAA` computes them" in board.err
    assert (state.code, "results pending" in state.err) == (1, True)
    assert re.search("results pending +note +2", status.out)
    assert snapshot.code == 0
    assert "BBB is left out: results pending" in snapshot.err
    assert "0 symbols to repair" in repaired.err

    assert regime("compute", "AAA", "BBB", *at).code == 0
    assert document_of(regime("verify", "AAA", "BBB", "--json"))["symbols"][1]["proof"] == "proven"
    assert "results pending" not in regime("board").err


@pytest.mark.slow
def test_results_of_older_bars_are_pending_and_raw_only_promotes_nothing(
    regime: Regime, three: Settings
) -> None:
    at = ("--now", NOW)
    serve(three, "AAA", "1day", GOOD.head(400))
    assert regime("run", "AAA", *at, settings=three).code == 0
    root = three.data_root / "assets" / "AAA"
    before = (root / "manifest.json").read_bytes()
    serve(three, "AAA", "1day", GOOD)

    assert regime("update", "AAA", *at, "--raw-only").code == 0
    assert (root / "manifest.json").read_bytes() == before
    assert regime("update", "AAA", *at).code == 0
    verified = document_of(regime("verify", "AAA", "--json"))["symbols"][0]
    state = regime("state", "AAA")

    assert (verified["proof"], verified["bars"]) == ("results pending", 420)
    assert "results pending: made from other bars than those in force (1day)" in state.out
    kept = fingerprint(three.data_root)
    assert regime("update", "AAA", *at).code == 0
    assert fingerprint(three.data_root) == kept
    assert regime("run", "AAA", *at).code == 0
    assert document_of(regime("verify", "AAA", "--json"))["symbols"][0]["proof"] == "proven"
