"""What leaving the old stores costs: rows per second of one core, memory, and day files.

``make bench-migrate`` prints it. A slice of the universe's real mixture is made up and migrated:
daily symbols of twenty years and core symbols on five timeframes, one live.db each. Read, turned
into instants, written, read back and compared are one figure; what the gate and the account of its
findings take is told apart. Seconds are of the processor, all threads; wall where it says so.
"""

import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from regime_platform.bars.locks import writing_when_needed
from regime_platform.model.asset_classes import NEW_YORK
from regime_platform.model.timeframes import TIERS
from regime_platform.pipeline.migrate import migrate_symbol
from regime_platform.pipeline.migration import open_migration, plans
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.platform import Platform, open_platform
from regime_platform.pipeline.take_over import Receiver, take_over
from regime_platform_tests.bench.figures import Cost, cost_of, median_of
from regime_platform_tests.bench.gates import CORE_SYMBOLS, DAILY_SYMBOLS, bars
from regime_platform_tests.builders import LONG_AFTER
from regime_platform_tests.legacy import old_rows, write_old_days, write_old_db
from regime_platform_tests.street import street

_ROWS = 16_500_000  # of the live.db files to be left
_YEARS = 20
_DAY_FILES = 4_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the figures; ``quick`` measures next to nothing."""
    quick = "quick" in (sys.argv[1:] if arguments is None else arguments)
    core, daily, years, days, runs = (1, 2, 1, 60, 1) if quick else (4, 60, _YEARS, _DAY_FILES, 7)
    with tempfile.TemporaryDirectory() as name:
        per_row = {
            tier: _migrated(Path(name) / tier, tier, symbols, years)
            for tier, symbols in (("core", core), ("daily", daily))
        }
        _extrapolated(per_row)
        _day_files(Path(name) / "days", days, runs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process, making the stores included: {peak:,.0f} MB")


def _migrated(folder: Path, tier: str, symbols: int, years: int) -> tuple[int, Cost, Cost]:
    """Rows per symbol, and the cost of a row taken over and of one through the gate."""
    platform, old = _store(folder, tier, symbols, years)
    rows = 0

    def take() -> None:
        nonlocal rows
        migration, store = open_migration(platform.root, "live", old)
        for plan in plans(platform.universe, store, platform.universe.instruments):
            assert plan.instrument is not None
            paths = platform.root.symbol(plan.symbol)
            with writing_when_needed(paths) as hold:
                into = Receiver(paths, plan.instrument, migration, LONG_AFTER, hold)
                rows += sum(take_over(part, into).rows for part in plan.parts)

    def finish() -> None:
        migration, store = open_migration(platform.root, "live", old)
        for plan in plans(platform.universe, store, platform.universe.instruments):
            outcome = migrate_symbol(platform, plan, migration, LONG_AFTER)
            assert outcome.status is Status.DONE, outcome.reason
            assert all(one.adds_up for one in outcome.accounts)

    taken = cost_of(take)
    ended, again = cost_of(finish), cost_of(lambda: _again(platform, old))
    print(
        f"{symbols} {tier} symbols, {rows:,} rows: {rows / taken.cpu:,.0f} rows/s taken over and "
        f"proven ({rows / taken.wall:,.0f} wall); gate and account {ended.cpu / symbols:.2f} s per "
        f"symbol; a second run {1e3 * again.cpu / symbols:.0f} ms per symbol"
    )
    gate = Cost(ended.cpu / rows, ended.wall / rows)
    return rows // symbols, Cost(taken.cpu / rows, taken.wall / rows), gate


def _again(platform: Platform, old: Path) -> None:
    migration, store = open_migration(platform.root, "live", old)
    for plan in plans(platform.universe, store, platform.universe.instruments):
        assert migrate_symbol(platform, plan, migration, LONG_AFTER).status is Status.UNCHANGED


def _extrapolated(costs: dict[str, tuple[int, Cost, Cost]]) -> None:
    """The real mixture: its symbols, with as many rows each as make up the whole."""
    counts = {"core": CORE_SYMBOLS, "daily": DAILY_SYMBOLS}
    rows = {tier: counts[tier] * costs[tier][0] for tier in counts}
    scale = _ROWS / sum(rows.values())
    taken, gate = (
        scale * sum(rows[tier] * costs[tier][which].cpu for tier in counts) for which in (1, 2)
    )
    print(
        f"EXTRAPOLATED to {sum(counts.values()):,} symbols, {_ROWS:,} rows: {taken:.0f} s of one "
        f"core taken over and proven, {_ROWS / taken:,.0f} rows/s; gate and account {gate:.0f} s"
    )


def _store(folder: Path, tier: str, symbols: int, years: int) -> tuple[Platform, Path]:
    names = [f"M{number:03d}" for number in range(symbols)]
    platform = open_platform(street(folder, names, tier=tier))
    series = [one for timeframe in TIERS[tier] for one in [(timeframe, _bars(timeframe, years))]]
    for name in names:
        rows = [row for timeframe, held in series for row in old_rows(name, timeframe, held)]
        write_old_db(folder / "old" / "assets" / name / "live.db", rows)
    return platform, folder / "old"


def _bars(timeframe: str, years: int) -> pl.DataFrame:
    """Bars whose prices agree between timeframes, so that none looks split."""
    opens = bars("US_EQUITY", timeframe, years).select("ts")
    local = pl.col("ts").dt.convert_time_zone(NEW_YORK).dt.date()
    day = (local.dt.epoch("d") % 97).cast(pl.Float64)
    return opens.with_columns(
        open=100 + day / 50, high=102 + day / 50, low=99 + day / 50, close=101 + day / 50
    ).with_columns(volume=pl.lit(1000.0))


def _day_files(folder: Path, days: int, runs: int) -> None:
    """A daily series of one file per day, in turn with no more than opening these files."""
    series = folder / "old" / "assets" / "AAA" / "bars" / "1day"
    write_old_days(series, "1day", _bars("1day", 25).head(days))
    files = sorted(series.rglob("*.parquet"))
    costs = [
        (
            cost_of(lambda: [pq.ParquetFile(file).close() for file in files]),
            _days_taken(folder / str(run), folder / "old"),
        )
        for run in range(runs)
    ]
    opened, taken = (median_of(column) for column in zip(*costs, strict=True))
    print(
        f"{len(files):,} day files: {1e6 * taken.cpu / len(files):.0f} us per file taken over and "
        f"proven ({1e6 * taken.wall / len(files):.0f} wall); opening them one after another "
        f"{1e6 * opened.cpu / len(files):.0f} us ({1e6 * opened.wall / len(files):.0f} wall); "
        f"medians of {runs}"
    )


def _days_taken(root: Path, old: Path) -> Cost:
    platform = open_platform(street(root, ["AAA"]))
    migration, store = open_migration(platform.root, "bars-v1", old)
    (plan,) = plans(platform.universe, store, platform.universe.instruments)
    assert plan.instrument is not None
    paths, (part,) = platform.root.symbol("AAA"), plan.parts
    with writing_when_needed(paths) as hold:
        into = Receiver(paths, plan.instrument, migration, LONG_AFTER, hold)
        return cost_of(lambda: take_over(part, into))


if __name__ == "__main__":
    main()
