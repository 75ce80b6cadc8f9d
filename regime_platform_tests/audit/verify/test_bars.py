"""Bars and raw log against the bar manifest."""

import datetime as dt

import polars as pl

from regime_platform.audit.verify.verification import FindingKind
from regime_platform.bar_store.raw.compaction import compact
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.audit.verify.stored_symbols import LATER, kinds, paths_of, proof_of
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, with_value


def test_compacted_logs_are_proven_by_the_names_from_before(stored: Settings) -> None:
    compact(paths_of(stored).raw("1day"))

    assert proof_of(stored).result == "proven"


def test_a_blocked_symbol_keeps_what_is_proven(stored: Settings) -> None:
    serve(stored, "AAA", "1day", with_value(make_bars(433, seed=0), 431, low=1e6))
    workspace = RunWorkspace.open(stored)
    list(run_symbols(workspace, workspace.universe.instruments, LATER))

    proof = proof_of(stored)

    assert (proof.result, kinds(proof)) == ("proven", {FindingKind.STALE})
    assert "the gate blocks newer bars: 1day: high_low_order" in proof.reason


def test_a_fetch_of_nothing_but_a_forming_bar_leaves_nothing_to_validate(stored: Settings) -> None:
    today = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    bars = make_bars(430, seed=0)
    forming = bars.tail(1).with_columns(ts=pl.lit(today).cast(bars["ts"].dtype))
    serve(stored, "AAA", "1day", pl.concat([bars, forming]))
    workspace = RunWorkspace.open(stored)
    results = []

    for hour in (16, 30):  # while its market is open, and after the day
        now = today + dt.timedelta(hours=hour)
        list(run_symbols(workspace, workspace.universe.instruments, now, stages=[Stage.RAW_BARS]))
        results.append(proof_of(stored).result)

    assert len(list(paths_of(stored).raw("1day").iterdir())) == 4
    assert results == ["proven", "unfinished"]
