"""A split is detected by bars served again on another price basis, and by nothing else."""

import datetime as dt
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.bar_store.raw.raw_log import append, compare
from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.revisions.splits import SIMPLE_RATIOS, detect_split, nearest_ratio
from regime_platform.sources.sample.source import SAMPLE_DATA
from regime_platform_tests.builders import fetch_origin, make_bars

PRICES = pl.col(PRICE_COLUMNS)


def _rebased(bars: pl.DataFrame, ratio: Fraction, decimals: int = 5) -> pl.DataFrame:
    """What a vendor makes of ``bars`` after a split, rounded as it rounds."""
    return bars.with_columns((PRICES * ratio.denominator / ratio.numerator).round(decimals))


def _rewritten(bars: pl.DataFrame, upto: int, ratio: Fraction) -> pl.DataFrame:
    return pl.concat([_rebased(bars[:upto], ratio), bars[upto:]])


@settings(deadline=None, max_examples=80)
@given(
    ratio=st.sampled_from(SIMPLE_RATIOS),
    bars=st.integers(2, 40),
    decimals=st.integers(2, 5),
    seed=st.integers(0, 50),
)
def test_every_declared_ratio_is_detected_despite_rounding(
    ratio: Fraction, bars: int, decimals: int, seed: int
) -> None:
    stored = make_bars(bars, seed=seed).with_columns((PRICES * 40).round(2))

    split = detect_split(stored, _rebased(stored, ratio, decimals))

    assert split is not None
    assert abs(float(split.ratio / ratio) - 1) < 0.006  # two decimals of a small price are coarse
    assert split.bars == bars


def test_the_evidence_names_the_bars_and_how_well_they_fit() -> None:
    stored = make_bars(5)

    split = detect_split(stored, _rewritten(stored, 3, Fraction(3, 2)))

    assert split is not None
    document = split.model_dump(mode="json")
    assert document.pop("deviation") < 1e-5
    assert document == {
        "ratio": "3:2",
        "bars": 3,
        "first": "2012-01-02T00:00:00Z",
        "last": "2012-01-04T00:00:00Z",
        "same_from": "2012-01-05T00:00:00Z",
    }


def test_bars_that_are_not_stored_are_ignored() -> None:
    bars = make_bars(20)

    split = detect_split(bars[:15], _rebased(bars[10:], Fraction(2)))

    assert split is not None
    assert (split.ratio, split.bars, split.same_from) == (Fraction(2), 5, None)


def test_one_week_with_days_of_both_bases_may_lie_between() -> None:
    stored = make_bars(5, "1week")
    mixed = stored[3:4].with_columns(pl.col("open", "high") / 2)
    served = pl.concat([_rebased(stored[:3], Fraction(2)), mixed, stored[4:]])

    split = detect_split(stored, served)

    assert split is not None
    assert (split.ratio, split.bars) == (Fraction(2), 3)


def _with(bars: pl.DataFrame, rows: list[int], factor: float) -> pl.DataFrame:
    here = pl.int_range(pl.len()).is_in(rows)
    return bars.with_columns(pl.when(here).then(PRICES * factor).otherwise(PRICES).name.keep())


@pytest.mark.parametrize(
    "served",
    [
        pytest.param(make_bars(6), id="nothing changed"),
        pytest.param(make_bars(6, seed=1), id="all changed, by no common factor"),
        pytest.param(_with(make_bars(6), [0], 0.1), id="a slip of the point in one bar"),
        pytest.param(_with(make_bars(6), [2, 3], 0.5), id="two bars amid unchanged ones"),
        pytest.param(_with(make_bars(6), [3, 4, 5], 0.5), id="the end and not the beginning"),
        pytest.param(_with(make_bars(6), list(range(6)), 1 / 1.0873), id="no simple factor"),
        pytest.param(_with(make_bars(6), list(range(6)), 1.00003), id="another rounding"),
        pytest.param(make_bars(6).with_columns(close=pl.col("close") / 2), id="closes alone"),
        pytest.param(make_bars(6).with_columns(PRICES * float("nan")), id="no numbers"),
        pytest.param(make_bars(6).clear(), id="an empty page"),
        pytest.param(make_bars(2, start=dt.datetime(2013, 1, 7, tzinfo=dt.UTC)), id="no overlap"),
    ],
)
def test_everything_else_is_a_revision_or_nothing(served: pl.DataFrame) -> None:
    assert detect_split(make_bars(6), served) is None


def _sample_around(symbol: str, date: dt.date) -> pl.DataFrame:
    bars = pl.read_parquet(SAMPLE_DATA / symbol / "1day.parquet")
    at = bars.with_row_index().filter(pl.col("ts").dt.date() == date)["index"][0]
    return bars[at - 4 : at + 3]


def test_a_crash_is_no_split() -> None:
    crash = _sample_around("AAPL", dt.date(2000, 9, 29))
    fall = crash["close"][4] / crash["close"][3] - 1

    assert fall < -0.5
    assert detect_split(crash[:5], crash) is None


@pytest.mark.parametrize(
    ("symbol", "date"),
    [
        ("AAPL", dt.date(2000, 6, 21)),
        ("AAPL", dt.date(2005, 2, 28)),
        ("MSFT", dt.date(2003, 2, 18)),
    ],
)
def test_real_bars_around_real_splits_rewritten_by_two(symbol: str, date: dt.date) -> None:
    bars = _sample_around(symbol, date)

    split = detect_split(bars, _rewritten(bars, 4, Fraction(2)))

    assert split is not None
    assert (split.ratio, split.bars) == (Fraction(2), 4)
    assert split.same_from is not None
    assert split.same_from.date() == date


def test_a_page_diff_has_the_bars_that_show_a_split(tmp_path: Path) -> None:
    bars = make_bars(30)
    append(tmp_path, bars, fetch_origin())
    page = _rebased(bars[25:], Fraction(4))

    looked = compare(tmp_path, page, fetch_origin())
    split = detect_split(looked.diff.in_force, page)

    assert looked.diff.revised == 5
    assert split is not None
    assert (split.ratio, split.bars) == (Fraction(4), 5)


@pytest.mark.parametrize(
    ("value", "ratio"),
    [(2.01, "2"), (0.0999, "1/10"), (99.1, "99"), (1.5, "3/2"), (1.0, None), (1.0873, None)],
)
def test_a_measured_ratio_is_the_nearest_simple_one_or_none(
    value: float, ratio: str | None
) -> None:
    assert nearest_ratio(value) == (None if ratio is None else Fraction(ratio))
