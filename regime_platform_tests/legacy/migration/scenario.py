"""Data roots and legacy stores of one symbol, for tests of a migration."""

import datetime as dt
from pathlib import Path

import polars as pl

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.legacy.migration.migrate import migrate_many
from regime_platform.legacy.migration.migration import MigrateOutcome, open_migration, plans
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import contents, street
from regime_platform_tests.traded import sessions_of

NOW = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)
FETCH = (Stage.RAW_BARS, Stage.VALIDATED_BARS)


def traded(sessions: int) -> pl.DataFrame:
    """Daily bars of New York sessions."""
    start = dt.datetime(2022, 1, 3, tzinfo=dt.UTC)
    opens = expected_opens(
        MARKETS["US_EQUITY"], "1day", start, start + dt.timedelta(days=2 * sessions)
    )
    return make_bars(sessions).with_columns(opens[:sessions].alias("ts"))


DAILY = traded(320)
HOURLY = sessions_of(DAILY[-120:])


def workspace_at(
    folder: Path, tier: str = "daily", symbols: tuple[str, ...] = ("AAA",)
) -> RunWorkspace:
    """A workspace that tracks ``symbols``."""
    settings = street(folder, symbols, tier=tier, timeframes=("1day", "1week"))
    return RunWorkspace.open(settings)


def migrate(
    workspace: RunWorkspace, kind: str, folder: Path, workers: int = 1
) -> list[MigrateOutcome]:
    """Migrate all symbols of the legacy store in ``folder``."""
    migration, store = open_migration(workspace.root, kind, folder)
    wanted = plans(workspace.universe, store, workspace.universe.instruments)
    return list(migrate_many(workspace, wanted, migration, NOW, workers))


def canonical(workspace: RunWorkspace, timeframe: str = "1day") -> pl.DataFrame:
    """Canonical bars of AAA."""
    in_force = read_in_force(workspace.root.symbol("AAA"), timeframe)
    assert in_force is not None
    return in_force[1]


def stored_files(workspace: RunWorkspace) -> dict[str, str]:
    """Digest per stored file, without locks."""
    files = contents(workspace.root.path / "assets")
    return {name: digest for name, digest in files.items() if not name.endswith(".lock")}
