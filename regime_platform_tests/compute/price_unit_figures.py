"""How many regimes depend on the unit of the price: the figures of canonical compute, section 6.

Run ``python -m regime_platform_tests.compute.price_unit_figures``; it takes some seconds. Factors
are powers of two, which change no digit of a price, so that only the round numbers differ.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute.results import SeriesResult
from regime_platform.query.series import bars
from regime_platform_tests.compute.rank_figures import packaged_series

_PRICES = ("open", "high", "low", "close")
FACTORS = (0.25, 0.5, 2.0, 4.0, 512.0)


def in_other_unit(rows: pl.DataFrame, factor: float) -> pl.DataFrame:
    """The bars with all prices times ``factor`` and volumes divided by it, as after a split."""
    prices = (pl.col(name) * factor for name in _PRICES)
    return rows.with_columns(*prices, pl.col("volume") / factor)


def changed(symbol: str, timeframe: str, rows: pl.DataFrame, factor: float) -> tuple[int, int, int]:
    """States, those with another label, and bars with another bucket, in the other unit."""

    def result(used: pl.DataFrame) -> SeriesResult:
        return compute_series(used, symbol=symbol, timeframe=timeframe, eras=FIXED_ERAS)

    own, other = result(rows), result(in_other_unit(rows, factor))
    labels = own.state["regime_label"] != other.state["regime_label"]
    buckets = own.escalation["esc_bucket"] != other.escalation["esc_bucket"]
    return own.state.height, int(labels.sum()), int(buckets.sum())


def figures(where: Path) -> Iterator[tuple[str, str, float, int, int, int]]:
    """Symbol, timeframe and factor with the numbers of `changed`, of every packaged series."""
    for symbol, timeframe in packaged_series(where):
        rows = bars(symbol, timeframe, where=where).collect()
        for factor in FACTORS:
            yield symbol, timeframe, factor, *changed(symbol, timeframe, rows, factor)


def main() -> None:
    """Prints the figures of every series and their sums."""
    columns = ["symbol", "timeframe", "factor", "states", "labels", "buckets"]
    with tempfile.TemporaryDirectory() as folder:
        frame = pl.DataFrame(list(figures(Path(folder))), columns, orient="row")
    sums = frame.group_by("factor").agg(pl.col("states", "labels", "buckets").sum()).sort("factor")
    with pl.Config(tbl_rows=-1):
        print(frame, sums)


if __name__ == "__main__":
    main()
