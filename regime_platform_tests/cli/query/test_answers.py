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
    assert "`regime run AAPL` makes them" in ended.err


def test_history_shows_the_last_bars(on_sample: Regime) -> None:
    ended = on_sample("history", "MSFT", "1day", "--last", "2")

    assert [line.split()[0] for line in ended.out.splitlines()[2:]] == ["2013-02-28", "2013-03-01"]


def test_bars_are_shown_from_since_until(on_sample: Regime) -> None:
    ended = on_sample(
        "bars", "eurusd", "1h", "--since", "2017-12-29T20:00", "--until", "2017-12-29T21:00Z"
    )

    assert [line.split()[:2] for line in ended.out.splitlines()[2:]] == [["2017-12-29", "20:00"]]


def test_bars_of_a_timeframe_without_data_name_the_remedy(on_sample: Regime) -> None:
    ended = on_sample("bars", "MSFT", "15min")

    assert ended.code == 1
    assert "MSFT has no 15min bars" in ended.err


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
