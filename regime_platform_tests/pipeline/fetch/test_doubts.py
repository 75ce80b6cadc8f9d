"""Bars under a finding of the gate are asked for again until they pass."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from regime_platform.bar_store.raw.acquisition import stored_doubts
from regime_platform.operations.overrides import Span, Statement, exclude
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.ingest import Batches
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.pipeline.vendor_street import list_stock, stock_bars, vendor_settings
from regime_platform_tests.vendor import LoopbackVendor

START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
END = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
SATURDAY = dt.datetime(2026, 11, 21, 3, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
BARS = stock_bars("1day", START, END)
ILL = 100  # the place of the bar that the vendor served badly


def without_close(bars: pl.DataFrame) -> pl.DataFrame:
    here = pl.int_range(pl.len()) == ILL
    return bars.with_columns(close=pl.when(here).then(None).otherwise("close"))


def twice(bars: pl.DataFrame) -> pl.DataFrame:
    other = bars[ILL : ILL + 1].with_columns(close=pl.col("low"), volume=pl.lit(7.0))
    return pl.concat([bars, other]).sort("ts", maintain_order=True)


def run(
    settings: Settings,
    now: dt.datetime,
    frames: Sequence[str] = ("1day",),
    *,
    is_backfill: bool = False,
) -> list[SymbolOutcome]:
    workspace = RunWorkspace.open(settings)
    instruments = workspace.universe.instruments
    request = FetchRequest(now, is_backfill=is_backfill)
    batches = Batches(workspace, instruments, request, frames)
    stages = (Stage.RAW_BARS, Stage.VALIDATED_BARS)
    return list(run_symbols(workspace, instruments, now, stages=stages, batches=batches))


def asked(vendor: LoopbackVendor) -> int:
    number = len(vendor.questions)
    vendor.questions.clear()
    return number


@pytest.mark.parametrize("ill", [without_close, twice])
def test_a_healthy_answer_ends_the_block_of_an_ill_one(
    tmp_path: Path, vendor: LoopbackVendor, ill: object
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA", "BBB"], REGIME_REREAD_SHARE=0)
    for symbol in ("AAA", "BBB"):
        list_stock(vendor, symbol, "1day", ill(BARS))  # type: ignore[operator]
    blocked = run(settings, SATURDAY)
    asked(vendor)
    for symbol in ("AAA", "BBB"):
        list_stock(vendor, symbol, "1day", BARS)

    healed = run(settings, SATURDAY + HOUR)

    assert [outcome.status for outcome in blocked] == [Status.BLOCKED] * 2
    assert [outcome.status for outcome in healed] == [Status.DONE] * 2
    assert [question.params["symbol"] for question in vendor.questions] == ["AAA,BBB"]
    assert vendor.questions[0].params["start_date"] == f"{BARS['ts'][ILL]:%Y-%m-%d}"
    paths = RunWorkspace.open(settings).root.symbol("AAA")
    assert stored_doubts(paths)["1day"] is None
    assert "doubt" not in paths.acquisition.read_text()
    asked(vendor)
    run(settings, SATURDAY + 2 * HOUR)
    assert asked(vendor) == 0


def test_an_answer_that_stays_ill_is_asked_for_three_times_then_daily_and_by_every_backfill(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA"], REGIME_REREAD_SHARE=0)
    list_stock(vendor, "AAA", "1day", without_close(BARS))
    run(settings, SATURDAY)
    asked(vendor)

    requests = []
    for hours in range(1, 7):
        (outcome,) = run(settings, SATURDAY + hours * HOUR)
        assert outcome.status is Status.BLOCKED
        requests.append(asked(vendor))
    assert requests == [1, 1, 1, 0, 0, 0]

    run(settings, SATURDAY + 7 * HOUR, is_backfill=True)
    assert asked(vendor) == 1
    run(settings, SATURDAY + 7 * HOUR, is_backfill=True)
    assert asked(vendor) == 0  # it was asked at this very time
    for hours in (24, 25):
        run(settings, SATURDAY + hours * HOUR)
        requests.append(asked(vendor))
    assert requests[-2:] == [1, 0]

    workspace = RunWorkspace.open(settings)
    bar, instrument = BARS["ts"][ILL], workspace.universe.instrument("AAA")
    why = Statement(reason="never was", by="tester", at=SATURDAY + DAY)
    exclude(workspace.root, instrument, Span("1day", bar), why)
    (decided,) = run(settings, SATURDAY + 48 * HOUR)
    run(settings, SATURDAY + 49 * HOUR)
    assert decided.status is Status.DONE
    assert asked(vendor) == 1  # the decision ended it within the run after it
    assert stored_doubts(workspace.root.symbol("AAA"))["1day"] is None


def weeks_of(days: pl.DataFrame) -> pl.DataFrame:
    return (
        days.group_by(pl.col("ts").dt.truncate("1w"), maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        .select(days.columns)
    )


def test_a_week_that_no_longer_agrees_with_its_restated_days_is_asked_for_once(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA"], REGIME_REREAD_SHARE=0)
    frames = ("1day", "1week")
    days = stock_bars("1day", START, END + 3 * DAY)
    list_stock(vendor, "AAA", "1day", days.head(-1))
    list_stock(vendor, "AAA", "1week", weeks_of(days.head(-1)))
    for day in (0, 1):
        run(settings, SATURDAY + day * DAY, frames)
    restated = pl.col("ts") == dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    rest = pl.when(restated)
    days = days.with_columns(
        high=rest.then(pl.col("high") * 1.2).otherwise("high"),
        close=rest.then(pl.col("high") * 1.2).otherwise("close"),
    )
    list_stock(vendor, "AAA", "1day", days)
    list_stock(vendor, "AAA", "1week", weeks_of(days))

    (warned,) = run(settings, SATURDAY + 3 * DAY, frames)
    asked(vendor)
    (healed,) = run(settings, SATURDAY + 3 * DAY + HOUR, frames)
    (question,) = vendor.questions
    asked(vendor)
    run(settings, SATURDAY + 3 * DAY + 2 * HOUR, frames)

    warnings = [
        outcome.promote.findings["1week"].rules.get("week_disagrees") if outcome.promote else None
        for outcome in (warned, healed)
    ]
    assert warnings == [1, None]
    assert (question.params["interval"], question.params["start_date"]) == ("1week", "2026-11-16")
    assert asked(vendor) == 0
