"""An evaluation as of a moment; the golden tables are in `cli/query/test_ad_hoc.py`."""

import datetime as dt
from pathlib import Path

import polars as pl

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.evaluate import Evaluation, evaluate
from regime_platform_tests.builders import make_bars


def test_a_bar_that_was_not_over_by_then_is_left_out(
    processed: RunWorkspace, tmp_path: Path
) -> None:
    bars = make_bars(430)
    bars.write_parquet(tmp_path / "bars.parquet")

    def at(moment: dt.datetime | None) -> Evaluation:
        return evaluate(
            tmp_path / "bars.parquet",
            symbol="msft",
            timeframe="1d",
            universe=processed.universe,
            eras_file=None,
            output=tmp_path,
            as_of=moment,
        )

    assert at(None).result.bars_used == 430
    assert at(bars["ts"][-1] + dt.timedelta(hours=12)).result.bars_used == 429
    assert pl.read_parquet(at(None).files[0]).height == 430


def test_labels_of_a_known_symbol_mean_what_they_mean_to_a_fetch(
    processed: RunWorkspace, tmp_path: Path
) -> None:
    bars = make_bars(430)
    closes = pl.col("ts").dt.strftime("%Y-%m-%d 16:00").alias("Close of")
    named = bars.select(closes, *(pl.col(name).alias(name.title()) for name in bars.columns[1:]))
    named.write_csv(tmp_path / "bars.csv")
    mapping = ", ".join(f"{name}: {name.title()}" for name in bars.columns[1:])
    (tmp_path / "mapping.yaml").write_text(f"columns: {{ts: Close of, {mapping}}}\n")

    done = evaluate(
        tmp_path / "bars.csv",
        symbol="MSFT",
        timeframe="1day",
        universe=processed.universe,
        eras_file=None,
        output=tmp_path,
    )

    ranked = done.result.escalation["ts"]
    assert ranked.len() > 0
    assert ranked.is_in(bars["ts"].implode()).all()
    assert done.read_as == "times read as their dates in America/New_York"
