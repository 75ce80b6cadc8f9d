"""Symbols are compared on the bars that they have in common, and on no others."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.errors import ResultsError, UsageError
from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.comparison import compare, comparison_of
from regime_platform.query.series import history
from regime_platform_tests.error_codes import raises

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
BULL, CHOP, SHOCK = "TRENDING_BULL", "CHOP_RISK", "SHOCK"


def _series(labels: list[str | None], first_day: int = 0, bucket: str = "LOW") -> pl.DataFrame:
    rank = None if bucket == "NA" else 0.3
    rows = [
        (START + dt.timedelta(days=first_day + day), label, rank, bucket, False)
        for day, label in enumerate(labels)
        if label is not None
    ]
    schema = {
        "ts": pl.Datetime("us", "UTC"),
        "regime_label": pl.Enum(REGIME_LABELS),
        "esc_pctl": pl.Float64(),
        "esc_bucket": pl.Enum(ESCALATION_BUCKETS),
        "is_rank_immature": pl.Boolean(),
    }
    return pl.DataFrame(rows, schema, orient="row")


def _day(day: int) -> dt.datetime:
    return START + dt.timedelta(days=day)


def test_pair_is_compared_on_common_bars() -> None:
    frames = {
        "A": _series([BULL, BULL, CHOP, None, CHOP, SHOCK, SHOCK]),
        "B": _series([BULL, CHOP, BULL, CHOP, SHOCK, BULL, BULL], first_day=1, bucket="NA"),
    }

    comparison = comparison_of(frames, "1day")
    later = comparison_of(frames, "1day", since=_day(5))

    (pair,) = comparison.pairs.to_dicts()
    # days 1, 2, 4, 5 and 6: A bull chop chop shock shock, B bull chop chop shock bull
    assert comparison.aligned["ts"].to_list() == [_day(day) for day in (1, 2, 4, 5, 6)]
    assert (pair["bars"], pair["regime_agreement"]) == (5, 0.8)
    assert pair["regime_by_chance"] == pytest.approx(0.2 * 0.4 + 0.4 * 0.4 + 0.4 * 0.2)
    assert (pair["bucket_bars"], pair["bucket_agreement"]) == (0, None)
    assert (pair["last_agreed"], pair["last_parted"]) == (_day(5), _day(6))
    assert not pair["is_same_regime"]
    assert pair["regime_is_small_sample"]
    assert (later.pairs["bars"][0], later.pairs["first_ts"][0]) == (2, _day(5))


def test_latest_states_are_those_of_each_symbol_and_of_the_common_bar() -> None:
    frames = {"A": _series([BULL, CHOP, CHOP]), "B": _series([BULL, BULL, SHOCK, SHOCK, SHOCK])}

    latest = comparison_of(frames, "1day").latest.to_dicts()

    assert [(row["symbol"], row["regime_label"], row["last_ts"]) for row in latest] == [
        ("A", CHOP, _day(2)),
        ("B", SHOCK, _day(4)),
    ]
    assert [(row["regime_since"], row["regime_bars"]) for row in latest] == [
        *((_day(1), 2), (_day(2), 3))
    ]
    assert [row["regime_on_common_bar"] for row in latest] == [CHOP, SHOCK]


def test_symbols_without_a_common_bar_have_no_figures() -> None:
    comparison = comparison_of({"A": _series([BULL]), "B": _series([BULL], first_day=9)}, "1day")

    (pair,) = comparison.pairs.to_dicts()
    assert (pair["bars"], pair["regime_agreement"], pair["last_agreed"]) == (0, None, None)
    assert comparison.document()["last_common_ts"] is None
    assert comparison.latest["regime_on_common_bar"].null_count() == 2


def test_stored_symbols_are_compared_as_their_histories_are(processed: RunWorkspace) -> None:
    where = processed.root.path
    comparison = compare(["ibm", "AAPL", "MSFT"], since="2010-01-01", where=where)

    rows = history(["IBM", "AAPL"], "1day", start="2010-01-01", where=where)
    both = rows.filter(symbol="IBM").join(rows.filter(symbol="AAPL"), on="ts")
    share = (both["regime_label"] == both["regime_label_right"]).mean()
    pairs = comparison.pairs.select("a", "b").rows()
    assert pairs == [("IBM", "AAPL"), ("IBM", "MSFT"), ("AAPL", "MSFT")]
    assert comparison.pairs["bars"][0] == both.height > 500
    assert comparison.pairs["regime_agreement"][0] == pytest.approx(share)
    with raises(UsageError, "too-few-symbols", match="regime compare AAPL MSFT"):
        compare(["IBM", "ibm"], where=where)
    with raises(ResultsError, "no-bars"):
        compare(["IBM", "AAPL"], "1h", where=where)
