"""Runs and times of stored series: which rows, of which series and period."""

import datetime as dt
from functools import partial

import polars as pl
import pytest

from regime_platform.errors import ResultsError, UsageError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.flips import flips_of
from regime_platform.query.runs import runs, time_in_regime
from regime_platform.query.series import history
from regime_platform.query.states import state
from regime_platform_tests.error_codes import raises


def test_runs_cover_the_history_and_the_last_one_is_the_state(processed: RunWorkspace) -> None:
    where = processed.root.path

    of_ibm = runs("ibm", "1d", where=where)
    now, rows = state("IBM", "1day", where=where)["1day"], history("IBM", "1day", where=where)

    assert of_ibm["bars"].sum() == rows.height
    assert of_ibm["end"][:-1].to_list() == of_ibm["start"][1:].to_list()
    last = of_ibm.row(-1, named=True)
    assert (last["regime_label"], last["start"], last["end"]) == (now.regime, now.since, None)
    assert last["bars"] == now.bars
    whole = (1 + of_ibm["return"]).product()
    assert whole == pytest.approx(rows["price"][-1] / rows["price"][0])
    assert last["max_esc_pctl"] == rows[-now.bars :]["esc_pctl"].max()


def test_runs_are_narrowed_and_never_cut(processed: RunWorkspace) -> None:
    where = processed.root.path
    every = runs("AAPL", "1day", where=where)
    middle = every.row(-4, named=True)
    day = dt.timedelta(days=1)

    within = runs("AAPL", "1day", start=middle["start"] + day, end=middle["end"] - day, where=where)
    panics = runs("AAPL", "1day", regime="panic risk", last=2, where=where)
    several = runs(["IBM", "eurusd"], last=1, where=where)

    assert within.rows(named=True) == [middle]
    assert panics.equals(every.filter(pl.col("regime_label") == "PANIC_RISK").tail(2))
    assert several.select("symbol", pl.col("timeframe").cast(pl.String)).rows() == [
        *(("IBM", "1day"), ("IBM", "1week")),
        *(("EURUSD", "1h"), ("EURUSD", "4h"), ("EURUSD", "1day")),
    ]
    assert runs("FB", where=where).columns == every.columns
    flips = flips_of(several, partial(history, where=where))
    assert [each.ts for each in flips] == several["start"].to_list()
    assert flips[0] == state("IBM", "1day", where=where)["1day"].began
    assert all(each.changes for each in flips)


def test_the_time_in_a_period_counts_its_bars_alone(processed: RunWorkspace) -> None:
    where = processed.root.path
    both, end = ["MSFT", "IBM"], dt.date(2013, 1, 1)

    times = time_in_regime(both, "1day", start="2012-01-01", end=end, where=where)

    rows = history(both, "1day", start="2012-01-01", end=end, where=where)
    counts = rows.group_by("symbol", "regime_label").len()
    assert times["bars"].sum() == rows.height
    for symbol, label, count in counts.iter_rows():
        of_label = times.filter(pl.col("regime_label") == label, symbol=symbol)
        assert of_label["bars"].to_list() == [count]
        assert of_label["share"].item() == pytest.approx(count / (rows["symbol"] == symbol).sum())


def test_unknown_words_and_series_are_refused(processed: RunWorkspace) -> None:
    where = processed.root.path

    with raises(UsageError, "unknown-regime", match="did you mean PANIC_RISK"):
        runs("AAPL", regime="panic-risks", where=where)
    with raises(UsageError, "bad-time", match="start 'then'"):
        time_in_regime("AAPL", start="then", where=where)
    with raises(ResultsError, "no-bars", match="tracked on 1day, 1week"):
        runs("AAPL", "1h", where=where)
