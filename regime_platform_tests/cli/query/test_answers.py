"""`regime state`, `history` and `bars` on the sample universe, now and `--as-of` a past moment."""

import json
from pathlib import Path

import pytest

from regime_platform_tests.cli.conftest import Regime

#: The sample universe was processed at 2026-11-20T22:30Z.
AFTER, BEFORE = "2026-11-21", "2026-03-13T21:00Z"


def test_state_as_json_has_one_entry_per_timeframe(on_sample: Regime) -> None:
    states = json.loads(on_sample("state", "MSFT", "--json").out)

    assert list(states) == ["1day", "1week"]
    assert states["1day"]["regime"] == "TRANSITION"
    assert states["1day"]["reasons_top"] == ["ALIGNMENT_STRONG", "MB_BEARISH"]


def test_state_of_one_timeframe_takes_an_alias(on_sample: Regime) -> None:
    assert list(json.loads(on_sample("state", "MSFT", "--timeframe", "1w", "--json").out)) == [
        "1week"
    ]


def test_state_before_any_run_names_the_command_to_run(regime: Regime) -> None:
    ended = regime("state", "AAPL")

    assert ended.code == 1
    assert "`regime run AAPL` fetches them" in ended.err


def test_history_shows_the_last_bars(on_sample: Regime) -> None:
    ended = on_sample("history", "MSFT", "1day", "--last", "2")

    assert [line.split()[0] for line in ended.out.splitlines()[2:]] == ["2013-02-28", "2013-03-01"]


@pytest.mark.parametrize(("start", "end"), [("--start", "--end"), ("--since", "--until")])
def test_bars_are_shown_from_start_to_end(on_sample: Regime, start: str, end: str) -> None:
    ended = on_sample("bars", "eurusd", "1h", start, "2017-12-29T20:00", end, "2017-12-29T21:00Z")

    assert [line.split()[:2] for line in ended.out.splitlines()[2:]] == [["2017-12-29", "20:00"]]
    assert ("--since is now called --start" in ended.err) == (start == "--since")


def test_several_symbols_are_answered_and_a_failing_one_is_named(on_sample: Regime) -> None:
    shown = on_sample("state", "MSFT", "ibm", "NOPE")
    states = on_sample("state", "MSFT", "ibm", "NOPE", "--json")
    rows = on_sample("history", "MSFT", "NOPE", "IBM", "1day", "--last", "1")
    as_json = on_sample("bars", "MSFT", "IBM", "1day", "--last", "2", "--json")

    assert [ended.code for ended in (shown, states, rows, as_json)] == [3, 3, 3, 0]
    assert "not in the universe: NOPE" in shown.err
    assert [
        line.split()[0] for line in shown.out.splitlines() if line.startswith(("MSFT", "IBM"))
    ] == ["MSFT", "IBM"]
    facts = json.loads(states.out)
    assert (list(facts), facts["exit_code"]) == (["exit_code", "symbols", "problems"], 3)
    assert list(facts["symbols"]) == ["MSFT", "IBM"]
    assert list(facts["problems"]) == ["NOPE"]
    lines = rows.out.splitlines()
    assert lines[0].split()[:2] == ["symbol", "bar"]
    assert [line.split()[0] for line in lines[2:]] == ["MSFT", "IBM"]
    assert [row["symbol"] for row in json.loads(as_json.out)] == ["MSFT", "MSFT", "IBM", "IBM"]


def test_symbols_joined_by_a_comma_are_several_and_a_pair_is_one(on_sample: Regime) -> None:
    states = on_sample("state", "msft,IBM", "--json")
    rows = on_sample("bars", "eur/usd,AAPL", "1day", "--last", "1", "--json")
    state = on_sample("state", "eur/usd", "--json")
    of_file = on_sample(
        *("evaluate", "none.csv", "--symbol", "AAPL,MSFT", "--timeframe", "1day"),
        *("--output", "out"),
    )

    assert list(json.loads(states.out)["symbols"]) == ["MSFT", "IBM"]
    assert [row["symbol"] for row in json.loads(rows.out)] == ["EURUSD", "AAPL"]
    assert json.loads(state.out)["1day"]["symbol"] == "EURUSD"
    assert (of_file.code, "[several-symbols]" in of_file.err) == (2, True)


def test_a_symbol_without_rows_is_named_beside_others(on_sample: Regime) -> None:
    ended = on_sample("history", "MSFT", "FB", "1day", "--last", "1")

    assert ended.code == 0
    assert "no rows of FB; `regime board --by-timeframe`" in ended.err


def test_states_of_several_symbols_as_of_a_moment(on_sample: Regime) -> None:
    facts = json.loads(on_sample("state", "MSFT", "IBM", "--as-of", AFTER, "--json").out)

    assert list(facts["symbols"]) == ["MSFT", "IBM"]
    assert facts["symbols"]["IBM"]["terms"]["standing"] == "proven"


def test_history_shows_runs_and_sums_of_regimes(
    on_sample: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    of_aapl = on_sample("history", "AAPL", "1day", "--runs", "--last", "2", "--why")
    times = on_sample("history", "AAPL", "1day", "--time-in-regime")
    several = json.loads(on_sample("history", "MSFT", "NOPE", "IBM", "--runs", "--json").out)
    shocks = json.loads(on_sample("history", "AAPL", "1d", "--regime", "panic-risk", "--json").out)
    core = json.loads(on_sample("history", "1day", "--tier", "core", "--last", "1", "--json").out)

    lines = of_aapl.out.splitlines()
    assert lines[0] == "AAPL 1day"
    assert lines[3].split()[:5] == ["trending", "bear", "2013-01-25", "2013-02-22", "19"]
    assert lines[4].split()[2:8] == ["2013-02-22", "open", "6", "-3.5%", "-4.5%", "-4.5%"]
    why = "after trending bear: downside shock risk 0.62 -> 0.67 (>= 0.65)"
    assert f"  2013-02-22: {why} " in of_aapl.out
    assert "last bar 2013-03-01" in of_aapl.err
    assert max(map(len, lines)) <= 80
    assert on_sample("history", "FB", "--runs").out == on_sample("history", "FB", "1day").out == ""
    hourly = on_sample("history", "SYNTH", "EURUSD", "1h", "--last", "2").out.splitlines()
    assert max(map(len, hourly)) <= 80
    assert hourly[-3].split()[-5:] == ["trending", "0.7218", "0.459", "LOW", "5,953"]
    (bulls,) = (line for line in times.out.splitlines() if line.startswith("trending bull"))
    assert bulls.split()[2:5] == ["2,039", "62.7%", "51"]
    assert {row["symbol"] for row in several} == {"MSFT", "IBM"}
    assert {row["timeframe"] for row in several} == {"1day", "1week"}
    assert {row["regime_label"] for row in shocks} == {"PANIC_RISK"}
    assert [row["symbol"] for row in core] == ["EURUSD", "SYNTH"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("AAPL", "--runs", "--labels"), "conflicting-options"),
        (("AAPL", "--time-in-regime", "--runs"), "conflicting-options"),
        (("AAPL", "1day", "--time-in-regime", "--last", "3"), "conflicting-options"),
        (("AAPL", "1day", "--why"), "conflicting-options"),
        (("AAPL", "1day", "--regime", "bull"), "unknown-regime"),
        (("AAPL", "30min", "--runs"), "unknown-timeframe"),
        (("1day", "--runs"), "no-timeframe"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    on_sample: Regime, words: tuple[str, ...], code: str
) -> None:
    ended = on_sample("history", *words)

    assert (ended.code, ended.out) == (2, "")
    assert f"error[{code}]" in ended.err


def test_a_forgotten_timeframe_is_named(on_sample: Regime) -> None:
    ended = on_sample("history", "MSFT")

    assert ended.code == 2
    assert "`regime history AAPL 1day`" in ended.err


def test_bars_of_a_timeframe_without_data_name_the_remedy(on_sample: Regime) -> None:
    ended = on_sample("bars", "MSFT", "15min")

    assert ended.code == 1
    assert "MSFT has no 15min bars; it is tracked on 1day, 1week" in ended.err


def test_state_as_of_equals_the_state_and_names_its_provenance(on_sample: Regime) -> None:
    then = on_sample("state", "ibm", "--as-of", AFTER)
    as_json = on_sample("state", "IBM", "--as-of", AFTER, "--json")
    now = on_sample("state", "IBM", "--json")

    assert (then.code, as_json.code) == (0, 0)
    assert "proven: every number is the one recorded in compute manifest 1" in then.err
    facts = json.loads(as_json.out)
    assert facts["states"] == json.loads(now.out)
    assert facts["terms"]["standing"] == "proven"
    assert facts["known_at"] == "2026-11-20T22:30:00Z"


def test_as_of_before_the_first_fetch_is_an_error_with_a_remedy(
    on_sample: Regime,
) -> None:
    then = on_sample("state", "IBM", "--as-of", BEFORE)

    assert (then.code, then.out) == (1, "")
    assert "error[nothing-known-then]" in then.err
    assert "regime explain IBM" in then.err


@pytest.mark.parametrize("command", ["state", "bars", "explain", "evaluate", "verify"])
def test_as_of_in_the_future_is_refused(on_sample: Regime, tmp_path: Path, command: str) -> None:
    asked = {
        "bars": ("IBM", "1week"),
        "explain": ("IBM", "1week", "2024-07-01"),
        "evaluate": ("--symbol", "IBM", "--timeframe", "1week", "--output", str(tmp_path)),
    }.get(command, ("IBM",))

    ended = on_sample(command, *asked, "--as-of", "9999-01-01")

    assert (ended.code, ended.out) == (2, "")
    assert "error[time-ahead]: --as-of 9999-01-01" in ended.err


def test_bars_as_of(on_sample: Regime) -> None:
    after = on_sample("bars", "IBM", "1week", "--as-of", AFTER, "--json")
    before = on_sample("bars", "IBM", "1week", "--as-of", BEFORE, "--json")
    now = on_sample("bars", "IBM", "1week", "--json")

    assert json.loads(after.out) == json.loads(now.out)
    assert "as known 2026-11-20T22:30:00Z; gate: passed" in after.err
    assert json.loads(before.out) == []
    assert "no bars were in force" in before.err
