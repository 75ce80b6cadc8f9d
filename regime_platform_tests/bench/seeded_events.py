"""Rows that fill an event log: a new store then answers as slowly as an old one."""

import sqlite3
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import dagster as dg

from regime_platform.orchestration.events.metadata import ROWS_INSERTED
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings

_COLUMNS = "run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition"
_KINDS = "dagster_event_type IN ('ASSET_MATERIALIZATION', 'ASSET_CHECK_EVALUATION')"


def seed_passes(settings: Settings, passes: int) -> int:
    """Repeats the newest event of every asset, check and partition so often; rows added."""
    with sqlite3.connect(_index(settings)) as connection:
        newest = (
            f"SELECT max(id) FROM event_logs WHERE {_KINDS} AND partition IS NOT NULL "  # noqa: S608
            "GROUP BY dagster_event_type, asset_key, partition"
        )
        connection.execute(
            f"CREATE TEMP TABLE pass AS SELECT {_COLUMNS} FROM event_logs WHERE id IN ({newest})"  # noqa: S608
        )
        added = 0
        for _ in range(passes):
            added += connection.execute(
                f"INSERT INTO event_logs ({_COLUMNS}) SELECT * FROM pass"  # noqa: S608
            ).rowcount
    connection.close()
    return added


def seed_fetches(instance: dg.DagsterInstance, symbols: Sequence[str], many: int) -> int:
    """Reports so many fetches that brought a bar, of one symbol after the other; the last's id."""
    for symbol in islice(cycle(symbols), many):
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                Stage.RAW_BARS.value, partition=symbol, metadata={ROWS_INSERTED: 1}
            )
        )
    return last_fetch(instance)


def last_fetch(instance: dg.DagsterInstance) -> int:
    """The id of the newest fetch that was reported; 0 where there was none."""
    records = instance.fetch_materializations(dg.AssetKey(Stage.RAW_BARS.value), limit=1).records
    return records[0].storage_id if records else 0


def _index(settings: Settings) -> Path:
    return settings.dagster_folder / "storage/history/runs/index.db"
