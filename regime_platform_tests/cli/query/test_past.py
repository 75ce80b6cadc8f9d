"""`--as-of` on the command line: states, bars and evaluations of a moment of the past."""

import json
from pathlib import Path

import polars as pl
import pytest

from regime_platform_tests.cli.conftest import Regime

#: The sample universe was walked at 2026-11-20T22:30Z.
AFTER, BEFORE = "2026-11-21", "2026-03-13T21:00Z"


def test_the_state_of_then_is_the_state_and_says_what_backs_it(on_sample: Regime) -> None:
    then = on_sample("state", "ibm", "--as-of", AFTER)
    told = on_sample("state", "IBM", "--as-of", AFTER, "--json")
    now = on_sample("state", "IBM", "--json")

    assert (then.code, told.code) == (0, 0)
    assert "proven: every number is the one recorded in compute manifest 1" in then.err
    facts = json.loads(told.out)
    assert facts["states"] == json.loads(now.out)
    assert facts["terms"]["standing"] == "proven"
    assert facts["known_at"] == "2026-11-20T22:30:00Z"


def test_before_anything_was_fetched_the_answer_is_an_error_with_its_remedy(
    on_sample: Regime,
) -> None:
    then = on_sample("state", "IBM", "--as-of", BEFORE)

    assert (then.code, then.out) == (1, "")
    assert "regime explain IBM" in then.err


@pytest.mark.parametrize("command", ["state", "bars", "explain", "evaluate", "verify"])
def test_nobody_tells_what_will_be_known(on_sample: Regime, tmp_path: Path, command: str) -> None:
    asked = {
        "bars": ("IBM", "1week"),
        "explain": ("IBM", "1week", "2024-07-01"),
        "evaluate": ("--symbol", "IBM", "--timeframe", "1week", "--output", str(tmp_path)),
    }.get(command, ("IBM",))

    ended = on_sample(command, *asked, "--as-of", "9999-01-01")

    assert (ended.code, ended.out) == (2, "")
    assert "error[time-ahead]: --as-of 9999-01-01" in ended.err


def test_bars_of_then(on_sample: Regime) -> None:
    after = on_sample("bars", "IBM", "1week", "--as-of", AFTER, "--json")
    before = on_sample("bars", "IBM", "1week", "--as-of", BEFORE, "--json")
    now = on_sample("bars", "IBM", "1week", "--json")

    assert json.loads(after.out) == json.loads(now.out)
    assert "as known 2026-11-20T22:30:00Z; gate: passed" in after.err
    assert json.loads(before.out) == []
    assert "no bars were in force" in before.err


def test_an_evaluation_as_of_then_takes_the_store_s_bars_of_then(
    on_sample: Regime, tmp_path: Path
) -> None:
    asked = ("evaluate", "--symbol", "IBM", "--timeframe", "1week", "--output", str(tmp_path))

    then = on_sample(*asked, "--as-of", AFTER, "--json")
    before = on_sample(*asked, "--as-of", BEFORE)
    neither = on_sample(*asked)

    assert json.loads(then.out)["bars"] == 679
    assert pl.read_parquet(tmp_path / "state_history.parquet").height == 659
    assert (before.code, neither.code) == (1, 2)
    assert "no 1week bars of IBM were in force by 2026-03-13T21:00:00Z" in before.err


def test_of_a_file_an_evaluation_as_of_then_takes_what_was_over_then(
    on_sample: Regime, tmp_path: Path
) -> None:
    file = tmp_path / "ibm.parquet"
    assert (
        on_sample("bars", "IBM", "1week", "--since", "2000-01-01", "--output", str(file)).code == 0
    )

    ended = on_sample(
        *("evaluate", str(file), "--symbol", "IBM", "--timeframe", "1week", "--json"),
        *("--as-of", "2010-06-02", "--output", str(tmp_path)),
    )

    bars = pl.read_parquet(file).filter(pl.col("ts") < pl.datetime(2010, 5, 31, time_zone="UTC"))
    assert json.loads(ended.out)["bars"] == bars.height
