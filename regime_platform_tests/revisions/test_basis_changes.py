"""A new price basis is detected by bars served again on it, and by nothing else."""

import datetime as dt
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.bar_store.raw.raw_log import append, compare
from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.ratios import SIMPLE_RATIOS, ratio_text
from regime_platform.revisions.basis_changes import Rebase, detect_basis_change, rebased
from regime_platform.sources.sample.source import SAMPLE_DATA
from regime_platform_tests.builders import fetch_origin, fetched, make_bars

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

    split = detect_basis_change(stored, _rebased(stored, ratio, decimals))

    assert split is not None
    assert abs(float(split.ratio / ratio) - 1) < 0.006  # two decimals of a small price are coarse
    assert split.bars == bars


@pytest.mark.parametrize("decimals", [2, 3, 5])
@pytest.mark.parametrize(
    ("factor", "text"),
    [
        (1.281, "1281:1000"),
        (1 / 1.281, "1000:1281"),
        (1 / 190, "1:190"),
        (1 / 150, "1:150"),
        (150.0, "150:1"),
        (1.0037, "10037:10000"),
        (1.0006, "10006:10000"),
    ],
)
def test_any_factor_is_measured(factor: float, text: str, decimals: int) -> None:
    stored = make_bars(40).with_columns((PRICES * max(1.0, factor)).round(2))

    change = detect_basis_change(stored[30:], _divided(stored, factor, decimals)[30:])

    assert change is not None
    assert change.bars == 10
    assert abs(float(change.ratio) / factor - 1) < 0.0001
    if decimals == 5 and factor > 1.001:
        assert ratio_text(change.ratio) == ratio_text(Fraction(*map(int, text.split(":"))))


def _divided(bars: pl.DataFrame, factor: float, decimals: int) -> pl.DataFrame:
    return bars.with_columns((PRICES / factor).round(decimals))


def test_a_factor_beside_a_simple_ratio_is_not_taken_for_it() -> None:
    stored = make_bars(8)

    change = detect_basis_change(stored, _divided(stored, 1.281, 4))

    assert change is not None
    assert ratio_text(change.ratio) == "1281:1000"  # 9:7 is 0.37 % off


def test_older_bars_are_put_on_the_new_basis_and_later_ones_stay() -> None:
    bars = make_bars(30)
    volumes = pl.col("volume") * 4
    page = _divided(bars, 4.0, 6).with_columns(volumes)[20:26]
    later = pl.concat([page, bars[26:]])
    change = detect_basis_change(bars[20:], later)
    assert change is not None
    stored = pl.concat([fetched(bars[:20]), fetched(later, batch="000002-b.parquet")])

    rows = rebased(stored, [Rebase(2, change)])

    assert change.same_from == bars["ts"][26]
    assert rows["close"][:20].to_list() == (bars["close"][:20] / 4).to_list()
    assert rows["volume"][:20].to_list() == (bars["volume"][:20] * 4).to_list()
    assert rows[20:].equals(stored[20:])


def test_volumes_stay_where_the_source_left_them() -> None:
    bars = make_bars(10)

    change = detect_basis_change(bars, _divided(bars, 1.0037, 4))

    assert change is not None
    assert change.volume_ratio is None


def test_the_evidence_names_the_bars_and_how_well_they_fit() -> None:
    stored = make_bars(5)

    split = detect_basis_change(stored, _rewritten(stored, 3, Fraction(3, 2)))

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

    split = detect_basis_change(bars[:15], _rebased(bars[10:], Fraction(2)))

    assert split is not None
    assert (split.ratio, split.bars, split.same_from) == (Fraction(2), 5, None)


def test_one_week_with_days_of_both_bases_may_lie_between() -> None:
    stored = make_bars(5, "1week")
    mixed = stored[3:4].with_columns(pl.col("open", "high") / 2)
    served = pl.concat([_rebased(stored[:3], Fraction(2)), mixed, stored[4:]])

    split = detect_basis_change(stored, served)

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
        pytest.param(make_bars(6).with_columns(PRICES.round(2)), id="fewer digits"),
        pytest.param(make_bars(6).with_columns(PRICES.cast(pl.Float32)), id="fewer bits"),
        pytest.param(make_bars(6).with_columns(PRICES + 1.0), id="all moved by one sum"),
        pytest.param(make_bars(6).with_columns(close=pl.col("close") / 2), id="closes alone"),
        pytest.param(make_bars(6).with_columns(PRICES * float("nan")), id="no numbers"),
        pytest.param(make_bars(6).clear(), id="an empty page"),
        pytest.param(make_bars(2, start=dt.datetime(2013, 1, 7, tzinfo=dt.UTC)), id="no overlap"),
    ],
)
def test_everything_else_is_a_revision_or_nothing(served: pl.DataFrame) -> None:
    assert detect_basis_change(make_bars(6), served) is None


def _sample_around(symbol: str, date: dt.date) -> pl.DataFrame:
    bars = pl.read_parquet(SAMPLE_DATA / symbol / "1day.parquet")
    at = bars.with_row_index().filter(pl.col("ts").dt.date() == date)["index"][0]
    return bars[at - 4 : at + 3]


def test_a_crash_is_no_split() -> None:
    crash = _sample_around("AAPL", dt.date(2000, 9, 29))
    fall = crash["close"][4] / crash["close"][3] - 1

    assert fall < -0.5
    assert detect_basis_change(crash[:5], crash) is None


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

    split = detect_basis_change(bars, _rewritten(bars, 4, Fraction(2)))

    assert split is not None
    assert (split.ratio, split.bars) == (Fraction(2), 4)
    assert split.same_from is not None
    assert split.same_from.date() == date


def test_a_page_diff_has_the_bars_that_show_a_split(tmp_path: Path) -> None:
    bars = make_bars(30)
    append(tmp_path, bars, fetch_origin())
    page = _rebased(bars[25:], Fraction(4))

    looked = compare(tmp_path, page, fetch_origin())
    split = detect_basis_change(looked.diff.in_force, page)

    assert looked.diff.revised == 5
    assert split is not None
    assert (split.ratio, split.bars) == (Fraction(4), 5)
