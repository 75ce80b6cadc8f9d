"""A study works on the rows that bars and results both have, and on no others."""

import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import polars as pl

from regime_platform.bar_store.canonical import scan_in_force
from regime_platform.errors import BarsError, ResultsError, UsageError
from regime_platform.pipeline.outcomes import STAGES
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import history
from regime_platform.query.study.stored_series import series_of
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import later, serve, street, with_value


def test_the_series_is_history_beside_the_bars(processed: RunWorkspace) -> None:
    rows = history("IBM", "1day", where=processed.settings)
    bars = scan_in_force(processed.root.symbol("IBM"), "1day")
    assert bars is not None
    rows = rows.join(bars.collect(), on="ts")

    series, notes = series_of(processed, "IBM", "1day")

    assert notes == ()
    assert (len(series), series.asset_class) == (rows.height, "US_EQUITY")
    assert pl.Series(series.ts).dt.replace_time_zone("UTC").to_list() == rows["ts"].to_list()
    for name, column in (("close", "close"), ("low", "low"), ("rank", "esc_pctl")):
        assert np.array_equal(
            getattr(series, name), rows[column].fill_null(float("nan")).to_numpy(), equal_nan=True
        )
    labels = rows["regime_label"].cast(pl.String).to_numpy()
    names = np.array(pl.Series(rows["regime_label"]).dtype.categories)  # type: ignore[attr-defined]
    assert (names[series.regime] == labels).all()
    buckets = rows["esc_bucket"].cast(pl.String).fill_null("NA").to_numpy()
    assert (np.array(["NA", "LOW", "MED", "HIGH"])[series.bucket] == buckets).all()
    assert series.is_immature.sum() == rows["is_rank_immature"].sum()
    assert (series.era == (series.ts >= np.datetime64("2010-01-01"))).all()


def test_what_cannot_be_studied_has_its_reason(processed: RunWorkspace) -> None:
    with raises(ResultsError, "no-states", match="regime state FB"):
        series_of(processed, "FB", "1day")
    with raises(ResultsError, "no-bars", match="tracked on 1day, 1week"):
        series_of(processed, "IBM", "1h")
    with raises(UsageError, "unknown-symbol"):
        series_of(processed, "NONE", "1day")


def test_damaged_bars_and_results_are_refused(processed: RunWorkspace, tmp_path: Path) -> None:
    (tmp_path / "data/assets").mkdir(parents=True)
    for symbol in ("IBM", "MSFT"):
        folder = processed.root.symbol(symbol).folder
        shutil.copytree(folder, tmp_path / "data/assets" / symbol)
    workspace = RunWorkspace.open(Settings(_env_file=None, REGIME_DATA_ROOT=tmp_path / "data"))
    part = next(workspace.root.symbol("IBM").bars("1day").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-9])
    results = workspace.root.symbol("MSFT").compute_db
    results.write_bytes(results.read_bytes()[:-70_000])

    with raises(BarsError, "bars-damaged", match="regime verify IBM"):
        series_of(workspace, "IBM", "1day")
    with raises(ResultsError, "results-damaged", match="regime verify MSFT"):
        series_of(workspace, "MSFT", "1day")


def test_results_older_than_their_bars_are_noted(tmp_path: Path, now: dt.datetime) -> None:
    settings, bars = street(tmp_path, ["AAA"]), make_bars(430)
    serve(settings, "AAA", "1day", bars.head(425))
    workspace = RunWorkspace.open(settings)
    (instrument,) = workspace.universe.instruments
    run_symbol(workspace, instrument, now=now)
    close = bars["close"][300] * 1.001
    serve(settings, "AAA", "1day", with_value(bars, 300, close=close, high=close * 1.1))
    run_symbol(workspace, instrument, now=later(now), stages=STAGES[:2])

    series, notes = series_of(workspace, "AAA", "1day")

    assert len(series) == 425 - 20  # not the five bars that have no results yet
    assert series.close[280] == close
    assert len(notes) == 1
    assert notes[0].endswith("made from an earlier revision of their bar: 1")
