"""What a store answers of series agrees with the queries of the command line."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import regime_platform as rp
from regime_platform.api.caveats import AnswerWarning
from regime_platform.errors import BarsError, RegimeError, ResultsError, UsageError
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import bars, history
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.error_codes import raises

_KEY = ["symbol", "timeframe", "ts"]


@pytest.fixture
def store(processed: RunWorkspace) -> rp.Store:
    # answers as of NOW are those of the processed root: its bars became known then
    return rp.Store(processed.settings, clock=lambda: NOW.timestamp() + 3600)


def test_bars_of_several_series_are_one_lazy_frame(store: rp.Store) -> None:
    rows = store.bars("msft, IBM", ["1week", "1d"], start="2012-01-02", end=dt.date(2012, 1, 4))

    assert isinstance(rows, pl.LazyFrame)
    assert rows.collect_schema().names() == [*_KEY, *BAR_COLUMNS[1:]]
    assert rows.collect().select("symbol", "timeframe", pl.col("ts").dt.day()).rows() == [
        *(("MSFT", "1week", 2), ("MSFT", "1day", 3)),
        *(("IBM", "1week", 2), ("IBM", "1day", 3)),
    ]
    stored = bars("MSFT", "1day", where=store.settings).tail(2).collect()
    assert store.bars("MSFT", "1day", last=2).collect().select(BAR_COLUMNS).equals(stored)


def test_times_are_text_dates_or_instants_and_naive_ones_are_utc(store: rp.Store) -> None:
    one_day: list[Any] = [
        ("2013-02-04", "2013-02-05"),
        (dt.date(2013, 2, 4), dt.datetime(2013, 2, 5)),  # noqa: DTZ001 - naive on purpose
        ("2013-02-03T19:00-05:00", "2013-02-04T00:00:01Z"),
    ]

    for start, end in one_day:
        assert store.history("MSFT", "1day", start=start, end=end)["ts"].to_list() == [
            dt.datetime(2013, 2, 4, tzinfo=dt.UTC)
        ]


def test_a_history_is_that_of_each_series(store: rp.Store) -> None:
    rows = store.history(["MSFT", "IBM"], ["1day", "1week"], last=2, labels=True)

    expected = [
        history(symbol, timeframe, last=2, labels=True, where=store.settings)
        for symbol in ("MSFT", "IBM")
        for timeframe in ("1day", "1week")
    ]
    assert rows.equals(pl.concat(expected))
    joined = store.bars("MSFT", "1day", last=2).join(rows.lazy(), on=_KEY).collect()
    assert joined["close"].to_list() == joined["price"].to_list()


def test_a_state_is_the_last_row_of_the_history(store: rp.Store) -> None:
    states = store.state(["AAPL", "EURUSD"], now=NOW)

    rows = store.history("AAPL", ["1day", "1week"], last=1)
    shared = [name for name in rows.columns if name in states.columns]
    assert len(shared) > 45
    assert states.filter(symbol="AAPL").select(shared).equals(rows.select(shared))
    last = states.row(0, named=True)
    assert last["hazard_score"] == 100 * last["esc_pctl"]
    assert (last["missing"], last["is_stale"], last["blocked"]) == (0, False, None)
    run = store.history("AAPL", "1day", start=last["regime_since"])
    assert run["regime_label"].unique().to_list() == [last["regime_label"]]
    assert run.height == last["regime_bars"]
    assert last["regime_before"] not in (None, last["regime_label"])
    assert " -> " in last["regime_change"]
    only = store.state("AAPL", "1w", now=NOW)
    assert only.equals(states.filter(symbol="AAPL", timeframe="1week"))
    short = states.filter(pl.col("symbol") == "EURUSD", pl.col("esc_pctl").is_null())
    assert short["rank_bars"].null_count() == short.height > 0


def test_runs_and_their_sums_are_those_of_each_series(store: rp.Store) -> None:
    rows = store.runs(["AAPL", "IBM"], last=2)
    shocks = store.runs("AAPL", "1d", regime="panic risk", start="2008-01-01", end="2009-01-01")
    times = store.time_in_regime("AAPL", ["1day", "1week"])

    assert rows.group_by("symbol", "timeframe", maintain_order=True).len().rows() == [
        (symbol, timeframe, 2) for symbol in ("AAPL", "IBM") for timeframe in ("1day", "1week")
    ]
    now = store.state("AAPL", now=NOW).select(start="regime_since", bars=pl.col("regime_bars"))
    lasting = rows.filter(pl.col("symbol") == "AAPL", pl.col("end").is_null())
    assert lasting.select("start", pl.col("bars").cast(pl.Int32)).equals(now)
    assert {*shocks["regime_label"]} == {"PANIC_RISK"}
    assert shocks["start"].dt.year().unique().to_list() == [2008]
    assert times.group_by("timeframe").agg(pl.col("share").sum().round(9))["share"].to_list() == [
        1,
        1,
    ]


def test_a_symbol_with_too_few_bars_is_named_with_their_number(store: rp.Store) -> None:
    with pytest.warns(AnswerWarning, match="FB has no state: 1day 196 bars; state needs 200"):
        assert store.state("FB").is_empty()
    with pytest.warns(AnswerWarning, match="AAPL has no state: it is tracked on 1day, 1week"):
        assert store.state("AAPL", "1h").is_empty()


def test_answers_as_of_the_last_run_are_those_of_now(store: rp.Store) -> None:
    as_of = NOW + dt.timedelta(minutes=5)

    states = store.state("GOOG", as_of=as_of)
    rows = store.history("GOOG", ["1day", "1week"], last=30, labels=True, as_of=as_of)

    now = store.state("GOOG", now=as_of)
    assert states.select(now.columns).equals(now)
    assert states["provenance"].unique().to_list() == ["proven"]
    assert (states["known_at"] <= as_of).all()
    assert rows.equals(store.history("GOOG", ["1day", "1week"], last=30, labels=True))
    why = store.runs("GOOG", "1day", last=5, why=True)
    assert store.runs("GOOG", "1day", last=5, why=True, as_of=as_of).equals(why)
    assert why["regime_change"][-1] == now["regime_change"][0]
    assert why.drop("regime_change").equals(store.runs("GOOG", "1day", last=5))
    times = store.time_in_regime("GOOG", "1week", as_of=as_of)
    assert times.equals(store.time_in_regime("GOOG", "1week"))
    known = store.bars("GOOG", "1week", as_of=as_of).collect()
    assert known.equals(store.bars("GOOG", "1week").collect())


@pytest.mark.parametrize(
    ("ask", "error", "code", "culprit"),
    [
        (lambda s: s.bars("MSFT", "1day", start="soon"), UsageError, "bad-time", "^start 'soon'"),
        (lambda s: s.history("MSFT", "1day", end=7), UsageError, "bad-time", "^end 7"),
        (lambda s: s.explain("MSFT", "1day", "never"), UsageError, "bad-time", "^ts 'never'"),
        (lambda s: s.state("MSFT", as_of="2999-01-01"), UsageError, "time-ahead", "as_of 2999"),
        (lambda s: s.bars("MSFT", "1day", last=0), UsageError, "bad-count", "last 0"),
        (lambda s: s.history("MSFT", "1day", missing="skip"), UsageError, "unknown-option", "skip"),
        (lambda s: s.state([]), UsageError, "no-symbols", "as AAPL"),
        (lambda s: s.bars("MSFT", []), UsageError, "no-timeframe", "as 1day"),
        (lambda s: s.state("MSFTT"), UsageError, "unknown-symbol", "MSFTT"),
        (lambda s: s.history("MSFT", "3h"), UsageError, "unknown-timeframe", "3h"),
        (lambda s: s.bars("MSFT", "1h"), ResultsError, "no-bars", "tracked on 1day, 1week"),
        (lambda s: s.bars("MSFT", "1day", as_of="2001-01-01"), BarsError, "no-bars-then", "MSFT"),
        (
            lambda s: s.history("MSFT", "1h", as_of=NOW),
            *(ResultsError, "no-such-series-then", "MSFT had no 1h bars"),
        ),
        (
            lambda s: s.evaluate(make_bars(30).drop("close"), symbol="OWN", timeframe="1day"),
            *(BarsError, "bar-columns", "no usable close"),
        ),
    ],
)
def test_a_question_that_is_not_understood_is_refused(
    store: rp.Store,
    ask: Callable[[rp.Store], object],
    error: type[RegimeError],
    code: str,
    culprit: str,
) -> None:
    with raises(error, code, match=culprit):
        ask(store)


def test_series_without_an_answer_are_named_where_that_is_wanted(store: rp.Store) -> None:
    with raises(ResultsError, "no-bars"):
        store.history(["SYNTH", "MSFT"], "1h", last=1)
    with pytest.warns(AnswerWarning, match="no answer: MSFT has no 1h bars"):
        rows = store.history(["SYNTH", "MSFT"], "1h", last=1, missing="warn")

    assert rows["symbol"].to_list() == ["SYNTH"]
    with raises(ResultsError, "no-bars"):
        store.bars(["IBM", "MSFT"], "1h", missing="warn")
