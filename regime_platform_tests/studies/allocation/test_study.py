"""The study from outside: made-up symbols, and figures recomputed in plain Python."""

import datetime as dt
import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from regime_platform.studies.allocation.study import of, pooled
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import SymbolStudy
from regime_platform.studies.series import StudySeries
from regime_platform_tests.studies.allocation.made_up import noise, series_of

#: Ten bars after one without a rank; the last bar decides nothing any more.
CLOSE = (100, 100, 110, 99, 99, 118.8, 95.04, 100, 110, 121, 115)
BUCKETS = ("NA", "LOW", "HIGH", "MED", "LOW", "HIGH", "HIGH", "NA", "MED", "LOW", "HIGH")
FEW = StudyOptions(horizon=2, draws=99)


def table(study: SymbolStudy, key: str) -> list[dict[str, object]]:
    """The rows of a table."""
    (rows,) = [each.rows.to_dicts() for each in study.tables if each.key == key]
    return rows


def by_hand(exposures: list[float], cost: float) -> list[float]:
    """Wealth after each step from the second close on, the slow way."""
    cash, shares, wealth = 1.0, 0.0, []
    for share, price, after in zip(exposures, CLOSE[1:], CLOSE[2:], strict=False):
        total = cash + shares * price
        traded = abs(share * total - shares * price)
        total -= traded * cost
        shares, cash = share * total / price, (1 - share) * total
        wealth.append(cash + shares * after)
    return wealth


@pytest.mark.parametrize("bps", [0, 50])
def test_ten_bars_by_hand(bps: int) -> None:
    study = of(series_of(CLOSE, BUCKETS), {}, replace(FEW, cost_bps=bps))

    ruled = [1, 0, 0.5, 1, 0, 0, 1, 0.5, 1]
    hold, by_bucket, constant, *_ = table(study, "measures")
    for row, exposures in (
        (hold, [1.0] * 9),
        (by_bucket, ruled),
        (constant, [sum(ruled) / 9] * 9),
    ):
        wealth = by_hand([float(each) for each in exposures], bps / 10_000)
        highest = [max(1, *wealth[: at + 1]) for at in range(len(wealth))]
        falls = [value / high - 1 for value, high in zip(wealth, highest, strict=True)]
        assert row["exposure"] == pytest.approx(sum(exposures) / 9)
        assert row["annual_return"] == pytest.approx(wealth[-1] ** (365.2425 / 9) - 1)
        assert row["max_drawdown"] == pytest.approx(min(falls))
        assert row["ulcer_index"] == pytest.approx(math.sqrt(sum(f * f for f in falls) / 9))
    assert (study.bars, study.first.date()) == (10, dt.date(2020, 1, 2))


def test_a_bar_delayed_earns_one_bar_later() -> None:
    rows = table(of(series_of(CLOSE, BUCKETS), {}, replace(FEW, cost_bps=0)), "sensitivity")

    (late,) = [row for row in rows if row["rule"] == "bucket" and row["delay"] == 1]
    wealth = by_hand([1, 1, 0, 0.5, 1, 0, 0, 1, 0.5], 0)
    assert late["annual_return"] == pytest.approx(wealth[-1] ** (365.2425 / 9) - 1)
    assert [row["cost_bps"] for row in rows if row["rule"] == "bucket"] == [0, 5, 20, 0]


def test_immature_ranks_decide_nothing_unless_they_are_included() -> None:
    series = series_of(CLOSE * 3, ("HIGH",) * 15 + BUCKETS + ("LOW",) * 7, immature=15)

    without, with_them = (
        of(series, {}, replace(FEW, include_immature=included)) for included in (False, True)
    )

    assert (without.left_out, with_them.left_out) == (15, 0)
    assert (without.bars, with_them.bars) == (17, 33)
    assert "With immature ranks included it would begin 15 ranks earlier." in without.notes


def test_without_a_rank_there_is_nothing_to_compare() -> None:
    study = of(series_of(CLOSE, ("NA",) * 11), {}, FEW)

    assert not study.tables
    assert not study.conclusions
    assert "too few bars" in study.notes[0]


def test_a_rule_that_helps_is_found_and_one_that_cannot_is_not() -> None:
    options = StudyOptions(draws=199)

    helps, nothing = (of(noise(3, 1500, harm), {}, options) for harm in (0.006, 0.0))

    by_key = {each.key: each for each in helps.conclusions}
    assert by_key["by_bucket_sharpe"].is_significant
    assert by_key["by_bucket_ulcer"].effect < 0
    assert not any(each.is_significant for each in nothing.conclusions)
    assert not by_key["by_posture_sharpe"].is_significant  # it never changed: nothing to test
    assert by_key["by_posture_sharpe"].statement.startswith("Too few")


def test_a_split_leaves_the_conclusions_to_what_came_after() -> None:
    series = noise(5, 900, 0.004)
    split = dt.datetime(2021, 6, 1, tzinfo=dt.UTC)
    changed = np.where(series.ts < np.datetime64("2021-06-01"), series.close * 2, series.close)

    whole, other = (
        of(each, {}, StudyOptions(split=split, draws=49))
        for each in (series, replace(series, close=changed))
    )

    assert [each.document() for each in whole.conclusions] == [
        each.document() for each in other.conclusions
    ]
    assert {each.key for each in whole.conclusions} >= {"by_bucket_sharpe_out_of_sample"}
    late = of(series, {}, StudyOptions(split=dt.datetime(2022, 6, 10, tzinfo=dt.UTC), draws=19))
    assert not late.conclusions
    assert late.notes[-1].startswith("Too few bars follow the split")
    parts = {row["part"] for row in table(whole, "parts")}
    assert parts == {"in sample", "out of sample", "era 1"}


def test_the_same_series_gives_the_same_bytes_and_later_bars_change_no_earlier_year() -> None:
    series = noise(7, 1000)
    shorter = series.part(None, 900)

    first, again, short = (
        of(each, {}, StudyOptions(draws=29)) for each in (series, series, shorter)
    )

    assert json.dumps(first.document()) == json.dumps(again.document())
    until = [row for row in table(first, "years") if row["part"] in {"2020", "2021"}]
    assert until == [row for row in table(short, "years") if row["part"] in {"2020", "2021"}]


def test_symbols_make_a_portfolio_in_equal_weights() -> None:
    options = replace(FEW, cost_bps=0)
    moving, flat = series_of(CLOSE, BUCKETS), series_of([100.0] * 11, BUCKETS, symbol="FLAT")

    tables, _conclusions = pooled([of(each, {}, options) for each in (moving, flat)], options)

    hold = tables[0].rows.row(0, named=True)
    wealth = np.prod([1 + (b / a - 1) / 2 for a, b in pairwise(CLOSE[1:])])
    assert hold["annual_return"] == pytest.approx(wealth ** (365.2425 / 9) - 1, rel=1e-5)


def test_a_portfolio_of_symbols_that_the_rule_helps_is_found_to_be_helped() -> None:
    options = StudyOptions(draws=99)
    studies = [of(noise(k, 700, 0.006, f"S{k}"), {}, options) for k in range(6)]

    tables, conclusions = pooled(studies, options)

    by_key = {each.key: each for each in conclusions}
    assert by_key["by_bucket_sharpe"].effect > 0
    ratios = dict(tables[0].rows.select("path", "sharpe").iter_rows())
    assert by_key["by_bucket_sharpe"].effect == pytest.approx(
        ratios["by bucket"] - ratios["constant, as by bucket"]
    )
    assert by_key["by_bucket_sharpe"].is_significant
    spread = next(each for each in tables if each.key == "spread_ratio").rows.row(0, named=True)
    effects = sorted(study.conclusions[0].effect for study in studies)
    assert spread["symbols"] == 6
    assert spread["median"] == pytest.approx(np.median(effects))
    assert spread["better"] == sum(effect > 0 for effect in effects) / 6


def short_and_long() -> tuple[StudySeries, StudySeries]:
    """Two symbols of which the second begins later."""
    return noise(1, 600, symbol="LONG"), noise(2, 600, symbol="SHORT").part(400, None)


def test_a_symbol_that_begins_later_has_its_weight_only_from_then_on() -> None:
    options = StudyOptions(draws=19, cost_bps=0)
    long, short = short_and_long()

    tables, _conclusions = pooled([of(each, {}, options) for each in (long, short)], options)

    returns = long.close[1:] / long.close[:-1] - 1
    returns[400:] = (returns[400:] + short.close[1:] / short.close[:-1] - 1) / 2
    hold = tables[0].rows.row(0, named=True)
    assert hold["sharpe"] == pytest.approx(
        returns.mean() / returns.std(ddof=1) * math.sqrt(365.2425), rel=1e-5
    )
