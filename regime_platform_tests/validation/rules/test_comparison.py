"""Fetches that disagree on stored bars are reported; restatements and rounding are not."""

import datetime as dt

import numpy as np
import polars as pl

from regime_platform.model.markets import MARKETS
from regime_platform.validation.rules.comparison import overlap
from regime_platform_tests.builders import LONG_AFTER
from regime_platform_tests.validation.real_bars import real, times

LATER = LONG_AFTER + dt.timedelta(days=1)


def fetches(factor: float, first_again: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All revisions and those in force of bars of which the last come again at another price."""
    old = real("IBM", "1day").head(500).with_columns(batch=pl.lit("000001"))
    again = old[first_again:].with_columns(
        fetched_at=pl.lit(LATER).cast(old.schema["fetched_at"]), batch=pl.lit("000002")
    )
    again = again.with_columns(**times(factor))
    return pl.concat([old, again]), pl.concat([old[:first_again], again])


def test_an_overlap_on_another_price_basis_is_reported() -> None:
    raw, rows = fetches(0.5, 495)

    agreement = overlap(raw, rows, "1day", MARKETS["US_EQUITY"])

    assert agreement.compared == 5
    assert agreement.disagreeing.height == 5
    first = agreement.disagreeing.row(0, named=True)
    assert first["price"] == "close"
    assert first["now"] == first["before"] / 2


def test_the_price_that_differs_is_quoted() -> None:
    raw, _ = fetches(1.0, 495)
    raw = pl.concat([raw[:500], raw[500:].with_columns(high=pl.col("high") * 1.1)])
    rows = raw.unique("ts", keep="last", maintain_order=True).sort("ts")

    quoted = overlap(raw, rows, "1day", MARKETS["US_EQUITY"]).disagreeing

    assert quoted["price"].unique().to_list() == ["high"]
    assert np.allclose(quoted["now"], quoted["before"] * 1.1)


def test_a_restated_series_is_no_disagreement() -> None:
    raw, rows = fetches(0.5, 0)

    agreement = overlap(raw, rows, "1day", MARKETS["US_EQUITY"])

    assert (agreement.compared, agreement.disagreeing.height) == (500, 0)


def test_the_correction_of_a_last_digit_is_no_disagreement() -> None:
    raw, rows = fetches(1.0001, 495)

    assert overlap(raw, rows, "1day", MARKETS["US_EQUITY"]).disagreeing.is_empty()
