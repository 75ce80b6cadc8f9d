"""`regime run`, `promote` and `compute`: tables, JSON and exit codes."""

import json
from pathlib import Path

import polars as pl
import pytest

from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import fingerprint, serve, street


def test_run_fetches_validates_computes_and_reports(regime: Regime, three: Settings) -> None:
    ended = regime("run", "aaa", settings=three)

    assert ended.code == 0
    row = next(line for line in ended.out.splitlines() if line.startswith("AAA"))
    assert row.split()[1:7] == ["done", "420", "·", "passed", "0/17", "400"]
    assert "1 symbol: 1 done" in ended.err


def test_a_second_run_changes_nothing(regime: Regime, three: Settings) -> None:
    regime("run", "AAA", settings=three)
    before = fingerprint(three.data_root)

    ended = regime("run", "AAA", settings=three)

    assert ended.code == 0
    assert "unchanged" in ended.out
    assert fingerprint(three.data_root) == before


def test_one_blocked_symbol_ends_the_run_with_3_and_is_shown_first(
    regime: Regime, three: Settings
) -> None:
    ended = regime("run", "--all", settings=three)

    assert ended.code == 3
    body = ended.out.splitlines()[2:]
    assert [line.split()[:2] for line in body] == [
        ["BAD", "blocked"],
        ["AAA", "done"],
        ["BBB", "done"],
    ]
    assert "state needs 200" in ended.out


def test_nothing_but_blocked_symbols_ends_with_1(regime: Regime, three: Settings) -> None:
    assert regime("run", "BAD", settings=three).code == 1


def test_stdout_has_only_json(regime: Regime, three: Settings) -> None:
    ended = regime("run", "--all", "--json", settings=three)

    facts = json.loads(ended.out)
    assert ended.code == facts["exit_code"] == 3
    assert facts["counts"] == {"blocked": 1, "done": 2}
    by_symbol = {symbol["symbol"]: symbol for symbol in facts["symbols"]}
    assert by_symbol["AAA"]["computed_rows"] == 400
    assert by_symbol["AAA"]["new"] == 420
    assert by_symbol["BAD"]["gate"] == "blocked"
    assert "1day" in by_symbol["BAD"]["reason"]


def test_promote_validates_and_computes_nothing(regime: Regime, three: Settings) -> None:
    regime("run", "AAA", settings=three)

    ended = regime("promote", "AAA", "--json", settings=three)

    facts = json.loads(ended.out)["symbols"][0]
    assert (ended.code, facts["gate"], facts["stage"]) == (0, "passed", "validated_bars")


def test_compute_without_promoted_bars_names_the_command_to_run(
    regime: Regime, three: Settings
) -> None:
    ended = regime("compute", "AAA", settings=three)

    assert ended.code == 1
    assert "regime run AAA" in ended.out


def test_force_recomputes_what_has_not_changed(regime: Regime, three: Settings) -> None:
    first = json.loads(regime("run", "AAA", "--json", settings=three).out)

    again = json.loads(regime("compute", "AAA", "--force", "--json", settings=three).out)

    assert again["symbols"][0]["status"] == "done"
    assert again["symbols"][0]["tables"] == first["symbols"][0]["tables"]


def test_one_added_bar_and_too_few_bars_are_shown_as_what_they_are(
    regime: Regime, three: Settings
) -> None:
    bars = make_bars(421, seed=1)
    serve(three, "AAA", "1day", bars.head(420))
    serve(three, "AAA", "1week", make_bars(250, "1week"))
    whole = json.loads(regime("run", "AAA", "--json", settings=three).out)["symbols"][0]
    serve(three, "AAA", "1day", bars)

    shown = regime("run", "AAA", settings=three)
    again = json.loads(regime("run", "AAA", "--json", settings=three).out)["symbols"][0]

    assert (whole["computed_rows"], whole["state_rows"]) == (630, 630)
    assert " 1 of 631 " in shown.out
    assert (again["computed_rows"], again["state_rows"]) == (0, 631)
    reason = "1week: 250 bars; escalation needs 400"
    assert reason in shown.out
    assert reason in regime("state", "AAA", settings=three).out
    assert reason not in regime("state", "AAA", "--timeframe", "1day", settings=three).out
    document = json.loads(regime("state", "AAA", "--json", settings=three).out)
    assert document["1day"]["too_few_bars"] == {"1week": reason.removeprefix("1week: ")}
    board = regime("board", "--by-timeframe", settings=three).out.splitlines()
    assert "too short" in next(line for line in board if "1week" in line)
    assert any(line.startswith("too short: too few bars") for line in board)


@pytest.mark.slow
def test_long_table_is_cut_with_a_hint(
    regime: Regime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGIME_WORKERS", "1")  # no processes, which are proven elsewhere
    settings = street(tmp_path, [f"S{number:03}" for number in range(50)])

    ended = regime("run", "--all", settings=settings)
    whole = regime("run", "--all", "--all-rows", settings=settings)

    assert ended.code == 1  # none of them has a folder
    assert len(ended.out.splitlines()) == 42
    assert "and 10 more (10 failed); --all-rows" in ended.err
    assert len(whole.out.splitlines()) == 52


@pytest.mark.parametrize("columns", ["80", "120"])
def test_no_line_is_wider_than_the_terminal(
    regime: Regime, three: Settings, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    ended = regime("run", "--all", settings=three)

    assert max(map(len, ended.out.splitlines())) <= int(columns)
    assert "\x1b" not in ended.out + ended.err


def test_labels_that_are_no_opens_are_noted_once(regime: Regime, three: Settings) -> None:
    fridays = make_bars(250, "1week").with_columns(pl.col("ts") + pl.duration(days=4))
    serve(three, "AAA", "1week", fridays)

    first, second = (regime("run", "AAA", settings=three) for _ in range(2))

    assert "weeks labelled Friday read as their Monday" in " ".join(first.out.split())
    assert "Friday" not in second.out
