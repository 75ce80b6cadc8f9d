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
