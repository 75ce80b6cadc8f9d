"""The materialisation that a check result refers to.

The UI shows a check as "missing" unless its result names the latest materialisation of the
partition, whose id Dagster does not return when it stores the event.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as CheckTarget,
)

from regime_platform.orchestration.instance.event_log import EventLog

#: Symbols whose events are stored together, by two transactions. A run that dies leaves at most so
#: many finished symbols unreported.
GROUP = 16
_AT_ONCE = 500


class CheckTargets:
    """The latest materialisations of partitions, as far as they are not known looked up."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._known: dict[tuple[dg.AssetKey, str], CheckTarget | None] = {}

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Events of the block are stored together; what they materialise is known after it."""
        log = self._instance.event_log_storage
        if isinstance(log, EventLog):
            with log.together() as made:
                yield
            self._known.update(made)
        else:  # in memory, of a trial run
            yield

    def look_up(self, asset: dg.AssetKey, symbols: Collection[str]) -> None:
        """Makes many partitions of an asset known, however long ago they were reported."""
        unknown = {symbol for symbol in symbols if (asset, symbol) not in self._known}
        self._known.update({(asset, symbol): None for symbol in unknown})
        for record in latest_materializations(self._instance, asset, unknown):
            self._known[asset, str(record.partition_key)] = _target(record)

    def of(self, asset: dg.AssetKey, symbol: str) -> CheckTarget | None:
        """The latest materialisation of a partition; None where it was never materialised."""
        if (asset, symbol) not in self._known:
            wanted = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=[symbol])
            records = self._instance.fetch_materializations(wanted, limit=1).records
            self._known[asset, symbol] = _target(records[0]) if records else None
        return self._known[asset, symbol]


def _target(record: dg.EventLogRecord) -> CheckTarget:
    return CheckTarget(
        storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
    )


def latest_materializations(
    instance: dg.DagsterInstance, asset: dg.AssetKey, symbols: Collection[str] | None = None
) -> Iterator[dg.EventLogRecord]:
    """The latest materialisation of each partition, or of those named."""
    latest = instance.event_log_storage.get_latest_storage_id_by_partition(
        asset,
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        partitions=None if symbols is None else set(symbols),
    )
    numbers = sorted(latest.values())
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        wanted = dg.AssetRecordsFilter(asset_key=asset, storage_ids=some)
        yield from instance.fetch_materializations(wanted, limit=len(some)).records
