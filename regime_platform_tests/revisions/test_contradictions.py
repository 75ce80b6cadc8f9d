"""Which fetches contradict the bars stored before, and which only revise them."""

import datetime as dt
from fractions import Fraction

import polars as pl
import pytest

from regime_platform.model.bar_schema import BAR_COLUMNS, PRICE_COLUMNS
from regime_platform.model.markets import MARKETS
from regime_platform.revisions.contradictions import contradictions
from regime_platform.revisions.fold import diff_page, fold
from regime_platform_tests.builders import LONG_AFTER, fetched, make_bars
from regime_platform_tests.traded import on_basis_of_today

STORED = make_bars(300)
OTHER = make_bars(300, seed=9)
DAY = dt.timedelta(days=1)


class Log:
    """A raw log in memory, grown page by page as ``raw_log.append`` grows it."""

    def __init__(self) -> None:
        self.rows = fetched(STORED.clear(), batch="")
        self.same: dict[str, str] = {}

    def serve(self, page: pl.DataFrame, *, is_legacy: bool = False) -> None:
        number = len(self.same) + 1
        at = LONG_AFTER + number * DAY
        batch = f"{number:06d}-20261122T031500Z-00000000{'.legacy' if is_legacy else ''}.parquet"
        brought = diff_page(
            self.rows, page, fetched_at=at, timeframe="1day", market=MARKETS["US_EQUITY"]
        )
        rows = page if is_legacy else brought.rows
        self.rows = pl.concat([self.rows, fetched(rows, at, batch)])
        self.same[batch] = str(brought.same)

    def contradicting(self, settled: dt.datetime | None = None) -> pl.DataFrame:
        served = fold(self.rows, "1day", MARKETS["US_EQUITY"])
        return contradictions(
            self.rows,
            served,
            "1day",
            MARKETS["US_EQUITY"],
            repeated=lambda: self.same,
            settled=settled,
        )


def log_of(*pages: pl.DataFrame) -> Log:
    log = Log()
    for page in pages:
        log.serve(page)
    return log


def scaled(bars: pl.DataFrame, factor: float) -> pl.DataFrame:
    return bars.with_columns((pl.col(PRICE_COLUMNS) * factor).round(4))


@pytest.mark.parametrize("shared", [5, 19, 20, 295])
def test_a_fetch_that_differs_throughout_contradicts(shared: int) -> None:
    start = 295 - shared

    rows = log_of(STORED.head(295), OTHER[start:]).contradicting()

    assert rows.height == shared + 5  # and the bars that only the other series has
    assert rows.columns == ["ts", "price", "now", "before"]
    assert rows["before"][0] == STORED["close"][start]
    assert rows["now"][0] == OTHER["close"][start]


def test_of_many_shared_bars_a_tenth_may_agree() -> None:
    page = pl.concat([OTHER[200:218], STORED[218:220], OTHER[220:]])

    assert log_of(STORED.head(220), page).contradicting().height == 98


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(OTHER[296:], id="too few shared bars to tell"),
        pytest.param(pl.concat([STORED[100:150], OTHER[150:155], STORED[155:]]), id="some bars"),
        pytest.param(pl.concat([STORED[280:290], OTHER[290:300]]), id="half of them"),
        pytest.param(scaled(STORED, 0.5), id="a split"),
        pytest.param(scaled(STORED, 0.9731), id="a dividend"),
        pytest.param(pl.concat([scaled(STORED[:200], 0.4), scaled(STORED[200:], 0.5)]), id="steps"),
        pytest.param(scaled(STORED, 1.0002), id="the last digits"),
    ],
)
def test_what_revises_or_rebases_stored_bars_contradicts_nothing(page: pl.DataFrame) -> None:
    assert log_of(STORED.head(299), page).contradicting().is_empty()


def test_a_week_in_which_a_split_falls_contradicts_nothing() -> None:
    traded = make_bars(60, "1week")
    days = {traded["ts"][57].date(): Fraction(2)}
    today = on_basis_of_today(traded, days)
    mixed = today.with_columns(
        low=pl.when(pl.int_range(pl.len()) == 56).then(pl.col("low") * 0.9).otherwise("low")
    )

    log = log_of(traded, mixed[52:])

    assert log.contradicting().is_empty()


def test_a_contradiction_lasts_until_the_earlier_bars_are_served_again() -> None:
    log = log_of(STORED.head(290), OTHER[280:295])
    log.serve(scaled(OTHER[285:296], 1.0001))

    still = log.contradicting()
    log.serve(STORED[275:296])

    assert still.height == 16  # with the bar that only the contradicting fetches have
    assert log.contradicting().is_empty()


def test_a_decision_settles_what_was_fetched_by_then_and_no_more() -> None:
    log = log_of(STORED, OTHER[280:])
    settled = LONG_AFTER + 2 * DAY

    assert log.contradicting(settled).is_empty()
    log.serve(make_bars(300, seed=3)[290:])

    assert log.contradicting(settled).height == 10
    assert log.contradicting().height == 20


def test_migrated_bars_contradict_none_but_are_contradicted() -> None:
    log = log_of(STORED)
    log.serve(OTHER, is_legacy=True)
    assert log.contradicting().is_empty()

    migrated = Log()
    migrated.serve(STORED, is_legacy=True)
    migrated.serve(OTHER[280:])
    assert migrated.contradicting().height == 20


def test_a_file_without_a_count_of_repeated_bars_contradicts_nothing() -> None:
    log = log_of(STORED, OTHER[280:])
    log.same = dict.fromkeys(log.same, "")

    assert log.contradicting().is_empty()


def test_unusable_prices_are_no_evidence() -> None:
    broken = OTHER[280:].with_columns(close=pl.lit(None, pl.Float64))

    assert log_of(STORED, broken.select(BAR_COLUMNS)).contradicting().is_empty()
