"""What a rank stands on is shown wherever its bucket is, in words and as typed fields."""

import json
from pathlib import Path

import polars as pl

from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime

_BASIS = {"bars": 165, "missing": 0, "eras": 2, "is_immature": True}


def test_state_marks_an_immature_rank_and_shows_its_past(on_sample: Regime) -> None:
    shown = on_sample("state", "AAPL").out
    documents = json.loads(on_sample("state", "AAPL", "--json").out)
    then = json.loads(on_sample("state", "AAPL", "--as-of", "2026-11-21", "--json").out)

    assert shown.count("HIGH, immature") == 1
    assert "165 bars of the last of 2 eras with bars" in shown
    assert documents["1week"]["rank_basis"] == _BASIS
    assert documents["1day"]["rank_basis"]["is_immature"] is False
    assert {name: now["rank_basis"] for name, now in then["states"].items()} == {
        name: now["rank_basis"] for name, now in documents.items()
    }


def test_history_marks_immature_ranks_and_counts_their_bars(on_sample: Regime) -> None:
    shown = on_sample("history", "AAPL", "1week", "--last", "1").out
    (row,) = json.loads(on_sample("history", "AAPL", "1week", "--last", "1", "--json").out)

    *_, latest, mark = shown.splitlines()
    assert latest.split()[-3:] == ["0.994", "HIGH*", "165"]
    assert mark.startswith("* immature: too few bars")
    assert row["esc_bucket"] == "HIGH"
    assert [row[f"rank_{name}"] for name in ("bars", "missing", "eras")] == [165, 0, 2]
    assert row["is_rank_immature"] is True


def test_explain_shows_what_the_rank_stands_on(on_sample: Regime) -> None:
    shown = on_sample("explain", "AAPL", "1week", "2009-12-28").out
    answer = json.loads(on_sample("explain", "AAPL", "1week", "2013-02-25", "--json").out)

    assert (
        "LOW: normal size; ranked on 242 bars of 1 era, 272 more have no value: immature" in shown
    )
    assert answer["escalation"]["rank_basis"] == _BASIS


def test_the_board_marks_immature_ranks_and_explains_the_mark(on_sample: Regime) -> None:
    shown = on_sample("board", "--by-timeframe", "--tier", "daily").out
    rows = json.loads(on_sample("board", "--by-timeframe", "--json").out)

    (week,) = (row for row in rows if (row["symbol"], row["timeframe"]) == ("AAPL", "1week"))
    assert (week["rank_bars"], week["rank_eras"], week["is_rank_immature"]) == (165, 2, True)
    lines = shown.splitlines()
    assert [line.split()[1] for line in lines if line.endswith("HIGH*")] == ["1week"]
    assert lines[-1].startswith("* immature: too few bars")


def test_evaluate_writes_what_ranks_stand_on_into_a_table_of_its_own(
    regime: Regime, tmp_path: Path
) -> None:
    make_bars(430).write_parquet(tmp_path / "bars.parquet")
    arguments = (
        *("evaluate", str(tmp_path / "bars.parquet"), "--symbol", "AAA"),
        *("--timeframe", "1day", "--output", str(tmp_path / "out")),
    )

    ended = regime(*arguments)
    facts = json.loads(regime(*arguments, "--json").out)

    assert "ranked on 158 bars of 1 era, 272 more have no value: immature" in ended.err
    assert facts["rank_basis"] == {"bars": 158, "missing": 272, "eras": 1, "is_immature": True}
    rows = pl.read_parquet(tmp_path / "out/rank_basis.parquet")
    assert rows.columns[:4] == ["ts", "symbol", "timeframe", "asof"]
    assert rows["rank_bars"].to_list()[-1] == 158
    assert rows["rank_bars"].null_count() == 272
