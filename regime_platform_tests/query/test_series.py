"""Bars and history: rows, refused requests, and no use of later bars."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from regime_platform.compute.maturity import BASIS_SCHEMA
from regime_platform.errors import ResultsError, UsageError
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import bars, history
from regime_platform_tests.error_codes import raises


def test_bars_are_lazy_and_in_the_schema(processed: RunWorkspace) -> None:
    rows = bars("aapl", "1d", where=processed.root.path)

    assert isinstance(rows, pl.LazyFrame)
    collected = rows.collect()
    assert collected.schema == BAR_SCHEMA
    assert collected.height == 3270
    assert collected["ts"].is_sorted()


def test_history_puts_escalation_beside_every_state(processed: RunWorkspace) -> None:
    rows = history("MSFT", "1day", where=processed.root.path)

    assert rows.height == 3270 - 20
    assert rows["esc_raw"].null_count() == 272 - 20
    last = rows.row(-1, named=True)
    assert last["regime_label"] == "TRANSITION"
    assert last["escalation_bucket"] == last["esc_bucket"]


def test_history_shows_what_each_rank_stands_on(processed: RunWorkspace) -> None:
    rows = history("MSFT", "1week", where=processed.root.path)
    eras = rows.group_by(era=pl.col("ts").dt.year() >= 2010, maintain_order=True)

    ranked = rows["esc_pctl"].is_not_null()
    counted = eras.agg(counted=pl.col("esc_raw").is_not_null().cum_sum().cast(pl.Int64))
    expected = counted.explode("counted")["counted"].set(~ranked, None)
    assert rows["rank_bars"].equals(expected, check_names=False)
    first, last = rows.filter(ranked).row(0, named=True), rows.row(-1, named=True)
    assert [first[name] for name in BASIS_SCHEMA] == [1, 272, 1, True]
    assert [last[name] for name in BASIS_SCHEMA] == [165, 0, 2, True]
    assert history("MSFT", "1week", last=30, where=processed.root.path).equals(rows.tail(30))


def test_history_has_no_forward_label_unless_asked(processed: RunWorkspace) -> None:
    plain = history("MSFT", "1day", last=30, where=processed.root.path)
    labelled = history("MSFT", "1day", last=30, labels=True, where=processed.root.path)

    assert set(labelled.columns) - set(plain.columns) == {
        *("fwd_absret_h", "event_flag", "event_severity", "is_mature")
    }
    assert labelled["is_mature"].to_list() == [True] * 10 + [False] * 20


def test_history_is_narrowed_by_half_open_times(processed: RunWorkspace) -> None:
    start, end = (dt.datetime(2013, 2, day, tzinfo=dt.UTC) for day in (1, 5))

    rows = history("MSFT", "1day", start=start, end=end, where=processed.root.path)
    same = history("MSFT", "1day", start="2013-02-01", end=end.date(), where=processed.root.path)

    assert [moment.day for moment in rows["ts"]] == [1, 4]
    assert same.equals(rows)


def test_below_the_escalation_gate_history_has_states_alone(processed: RunWorkspace) -> None:
    rows = history("EURUSD", "1day", where=processed.root.path)

    assert rows.height == 240
    assert rows["esc_pctl"].is_null().all()


@pytest.mark.parametrize(
    ("symbol", "timeframe", "error", "message"),
    [
        ("NOPE", "1day", UsageError, "not in the universe"),
        ("MSFT", "3h", UsageError, "unknown timeframe"),
        ("MSFT", "15min", ResultsError, "no 15min bars"),
    ],
)
def test_missing_bars_are_refused_by_name(
    processed: RunWorkspace, symbol: str, timeframe: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        bars(symbol, timeframe, where=processed.root.path)


def test_history_before_any_run_names_the_remedy(tmp_path: Path) -> None:
    with raises(ResultsError, "no-bars", match="`regime run MSFT`"):
        history("MSFT", "1day", where=tmp_path)


def test_history_of_an_untracked_timeframe_names_the_tracked_ones(processed: RunWorkspace) -> None:
    with raises(ResultsError, "no-bars", match="tracked on 1day, 1week"):
        history("MSFT", "1h", where=processed.root.path)


def test_several_symbols_give_one_long_frame(processed: RunWorkspace) -> None:
    where = processed.root.path

    rows = bars(["msft", "IBM"], "1day", where=where).collect()
    states = history(["MSFT", "IBM"], "1day", last=2, where=where)

    assert rows.columns == ["symbol", *BAR_SCHEMA]
    assert rows.group_by("symbol", maintain_order=True).len().rows() == [
        ("MSFT", 3270),
        ("IBM", 3270),
    ]
    assert states["symbol"].to_list() == ["MSFT", "MSFT", "IBM", "IBM"]
    assert states.filter(symbol="IBM").equals(history("IBM", "1day", last=2, where=where))
