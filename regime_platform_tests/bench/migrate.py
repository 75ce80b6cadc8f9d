"""The cost of a migration: rows per second of one core, memory, and stores of day files.

``make bench-migrate`` prints it. A part of the real universe is synthesised and migrated: daily
symbols of twenty years and core symbols on five timeframes, one live.db each. Reading, converting
times, writing, reading back and comparing are one figure; the gate and the account of its findings
are another. Seconds are processor time of all threads, and wall clock where it says so. For day
files the time of only opening them, one after another, is given as well.
"""

import multiprocessing
import re
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from regime_platform.bar_store.locks import writing_when_needed
from regime_platform.legacy.migration.migrate import migrate_many, migrate_symbol
from regime_platform.legacy.migration.migration import open_migration, plans
from regime_platform.legacy.migration.raw_files import Importer
from regime_platform.model.exchanges import NEW_YORK
from regime_platform.model.timeframes import TIERS
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.bench.figures import Cost, cost_of, median_of
from regime_platform_tests.bench.gates import CORE_SYMBOLS, DAILY_SYMBOLS, bars
from regime_platform_tests.builders import LONG_AFTER
from regime_platform_tests.legacy.stores import legacy_rows, write_legacy_days, write_legacy_db
from regime_platform_tests.scenario import street

_ROWS = 16_500_000  # of the live.db files to be left
_YEARS = 20
_DAY_YEARS = 25
_DAY_SYMBOLS = 20
_DAY_FILES = 4_000  # of each of them
_PROCESSES = 2
_FEW = 8  # symbols that are worth processes; what more of them cost is free of starting these


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the figures; ``quick`` measures next to nothing, ``whole`` the whole universe once."""
    words = sys.argv[1:] if arguments is None else arguments
    quick = "quick" in words
    core, daily, years = (1, 2, 1) if quick else (4, 60, _YEARS)
    symbols, days, runs = (_FEW + 1, 60, 1) if quick else (_DAY_SYMBOLS, _DAY_FILES, 5)
    with tempfile.TemporaryDirectory() as name:
        if "whole" in words:
            counts = (2, 3) if quick else (CORE_SYMBOLS, DAILY_SYMBOLS)
            for tier, count in zip(("core", "daily"), counts, strict=True):
                _whole(Path(name) / tier, tier, count, years)
            return
        per_row = {
            tier: _migrated(Path(name) / tier, tier, count, years)
            for tier, count in (("core", core), ("daily", daily))
        }
        _extrapolated(per_row)
        _day_files(Path(name) / "days", symbols, days, runs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process, making the stores included: {peak:,.0f} MB")


def _whole(folder: Path, tier: str, symbols: int, years: int) -> None:
    """Migrates all live.db files of a tier with several processes, from search to accounts."""
    workspace, old = _store(folder, tier, symbols, years)
    rows, peak, began = 0, 0.0, time.perf_counter()
    migration, store = open_migration(workspace.root, "live", old)
    about = plans(workspace.universe, store, workspace.universe.instruments)
    for outcome in migrate_many(workspace, about, migration, LONG_AFTER, _PROCESSES):
        assert outcome.status is Status.DONE, outcome.reason
        rows += sum(account.rows for account in outcome.accounts)
        workers = [worker.pid for worker in multiprocessing.active_children()]
        peak = max(
            peak, _memory("self", "VmRSS") + sum(_memory(worker, "VmHWM") for worker in workers)
        )
    wall = time.perf_counter() - began
    print(
        f"{symbols:,} {tier} symbols, {rows:,} rows by {_PROCESSES} processes, searched, "
        f"migrated, verified, validated and accounted for: {wall:.1f} s wall, "
        f"{rows / wall:,.0f} rows/s; at most {peak:,.0f} MB, all processes together"
    )


def _memory(process: int | str | None, what: str) -> float:
    """MB as reported by Linux; 0 for a process that has ended."""
    status = Path(f"/proc/{process}/status")
    text = status.read_text() if status.exists() else ""
    match = re.search(rf"{what}:\s+(\d+) kB", text)
    return 0.0 if match is None else int(match[1]) / 1024


def _migrated(folder: Path, tier: str, symbols: int, years: int) -> tuple[int, Cost, Cost]:
    """Rows per symbol, and the cost per row of the migration and of the gate."""
    workspace, old = _store(folder, tier, symbols, years)
    rows = 0

    def take() -> None:
        nonlocal rows
        migration, store = open_migration(workspace.root, "live", old)
        for plan in plans(workspace.universe, store, workspace.universe.instruments):
            assert plan.instrument is not None
            paths = workspace.root.symbol(plan.symbol)
            with writing_when_needed(paths) as hold:
                importer = Importer(paths, plan.instrument, migration, LONG_AFTER, hold)
                rows += sum(importer.import_part(part).rows for part in plan.parts)

    def finish() -> None:
        migration, store = open_migration(workspace.root, "live", old)
        for plan in plans(workspace.universe, store, workspace.universe.instruments):
            outcome = migrate_symbol(workspace, plan, migration, LONG_AFTER)
            assert outcome.status is Status.DONE, outcome.reason
            assert all(account.adds_up for account in outcome.accounts)

    taken = cost_of(take)
    ended, again = cost_of(finish), cost_of(lambda: _again(workspace, old))
    print(
        f"{symbols} {tier} symbols, {rows:,} rows: {rows / taken.cpu:,.0f} rows/s migrated and "
        f"verified ({rows / taken.wall:,.0f} wall); gate and account {ended.cpu / symbols:.2f} s "
        f"per symbol; a second run {1e3 * again.cpu / symbols:.0f} ms per symbol"
    )
    gate = Cost(ended.cpu / rows, ended.wall / rows)
    return rows // symbols, Cost(taken.cpu / rows, taken.wall / rows), gate


def _again(workspace: RunWorkspace, old: Path) -> None:
    migration, store = open_migration(workspace.root, "live", old)
    for plan in plans(workspace.universe, store, workspace.universe.instruments):
        assert migrate_symbol(workspace, plan, migration, LONG_AFTER).status is Status.UNCHANGED


def _extrapolated(costs: dict[str, tuple[int, Cost, Cost]]) -> None:
    """Prints the cost of the real universe, scaled by its number of rows."""
    counts = {"core": CORE_SYMBOLS, "daily": DAILY_SYMBOLS}
    rows = {tier: counts[tier] * costs[tier][0] for tier in counts}
    scale = _ROWS / sum(rows.values())
    taken = scale * sum(rows[tier] * costs[tier][1].cpu for tier in counts)
    gate = scale * sum(rows[tier] * costs[tier][2].cpu for tier in counts)
    print(
        f"EXTRAPOLATED to {sum(counts.values()):,} symbols, {_ROWS:,} rows: {taken:.0f} s of one "
        f"core migrated and verified, {_ROWS / taken:,.0f} rows/s; gate and account {gate:.0f} s"
    )


def _store(folder: Path, tier: str, symbols: int, years: int) -> tuple[RunWorkspace, Path]:
    names = [f"M{number:03d}" for number in range(symbols)]
    workspace = RunWorkspace.open(street(folder, names, tier=tier))
    series = [(timeframe, _bars(timeframe, years)) for timeframe in TIERS[tier]]
    for name in names:
        rows = [row for timeframe, of_it in series for row in legacy_rows(name, timeframe, of_it)]
        write_legacy_db(folder / "old" / "assets" / name / "live.db", rows)
    return workspace, folder / "old"


def _bars(timeframe: str, years: int) -> pl.DataFrame:
    """Bars whose prices agree between timeframes, so that none looks split."""
    opens = bars("US_EQUITY", timeframe, years).select("ts")
    local = pl.col("ts").dt.convert_time_zone(NEW_YORK).dt.date()
    day = (local.dt.epoch("d") % 97).cast(pl.Float64)
    return opens.with_columns(
        open=100 + day / 50, high=102 + day / 50, low=99 + day / 50, close=101 + day / 50
    ).with_columns(volume=pl.lit(1000.0))


def _day_files(folder: Path, symbols: int, days: int, runs: int) -> None:
    """Prints the cost of a store with one file per day, and of only opening these files."""
    names = [f"D{number:02d}" for number in range(symbols)]
    old, daily = folder / "old", _bars("1day", _DAY_YEARS).head(days)
    for name in names:
        write_legacy_days(old / "assets" / name / "bars" / "1day", "1day", daily)
    files = sorted(old.rglob("*.parquet"))
    costs = [
        (
            cost_of(lambda: [pq.ParquetFile(file).metadata for file in files]),
            _days_migrated(folder / f"{run}-one", old, names, workers=1),
            _days_migrated(folder / f"{run}-few", old, names[:_FEW], workers=_PROCESSES),
            _days_migrated(folder / f"{run}-all", old, names, workers=_PROCESSES),
        )
        for run in range(runs)
    ]
    opened, single, few, several = (median_of(column) for column in zip(*costs, strict=True))
    more = days * (symbols - _FEW)
    print(
        f"{len(files):,} day files of {symbols} symbols, us of wall time per file, medians of "
        f"{runs}: {1e6 * opened.wall / len(files):.0f} to open them one after another; searched, "
        f"migrated, verified, validated and accounted for in {1e6 * single.wall / len(files):.0f} "
        f"by one process ({1e6 * single.cpu / len(files):.0f} of the processor), in "
        f"{1e6 * (several.wall - few.wall) / more:.0f} by {_PROCESSES}, once these have started"
    )


def _days_migrated(root: Path, old: Path, names: Sequence[str], workers: int) -> Cost:
    workspace = RunWorkspace.open(street(root, names))

    def work() -> None:
        migration, store = open_migration(workspace.root, "bars-v1", old)
        about = plans(workspace.universe, store, workspace.universe.instruments)
        tracked = [plan for plan in about if plan.instrument is not None]
        for outcome in migrate_many(workspace, tracked, migration, LONG_AFTER, workers):
            assert outcome.status is Status.DONE, outcome.reason

    return cost_of(work)


if __name__ == "__main__":
    main()
