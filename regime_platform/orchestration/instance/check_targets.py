"""The materialisation that a check result refers to.

The UI shows a check as "missing" unless its result names the latest materialisation of the
partition, whose id Dagster does not return when it stores the event.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Self

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as CheckTarget,
)

_CLOCK_SLACK = 60.0  # seconds that the clock may have been set back since the group began
_AT_ONCE = 500


class CheckTargets:
    """The latest materialisations of partitions.

    A query for each costs 10 ms, so those ``reported`` just now, after the Unix time ``since``, are
    read in one query per asset.
    """

    def __init__(
        self,
        instance: dg.DagsterInstance,
        reported: Sequence[dg.AssetMaterialization] = (),
        since: float = 0.0,
    ) -> None:
        self._instance = instance
        self._known: dict[tuple[dg.AssetKey, str], dg.EventLogRecord | None] = {}
        partitions: dict[dg.AssetKey, list[str]] = defaultdict(list)
        for event in reported:
            partitions[event.asset_key].append(str(event.partition))
        for asset, symbols in partitions.items():
            self._look_up(asset, symbols, since - _CLOCK_SLACK)

    @classmethod
    def latest(
        cls, instance: dg.DagsterInstance, asset: dg.AssetKey, symbols: Collection[str]
    ) -> Self:
        """Those of many partitions of an asset, however long ago they were reported."""
        targets = cls(instance)
        targets._known.update({(asset, symbol): None for symbol in symbols})
        for record in latest_materializations(instance, asset, symbols):
            targets._known[asset, str(record.partition_key)] = record
        return targets

    def of(self, asset: dg.AssetKey, symbol: str) -> CheckTarget | None:
        """The latest materialisation of a partition; None where it was never materialised."""
        if (asset, symbol) not in self._known:
            self._look_up(asset, [symbol], None)
        record = self._known.get((asset, symbol))
        if record is None:
            return None
        return CheckTarget(
            storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
        )

    def _look_up(self, asset: dg.AssetKey, symbols: list[str], since: float | None) -> None:
        wanted = dg.AssetRecordsFilter(
            asset_key=asset, asset_partitions=symbols, after_timestamp=since
        )
        limit = 1 if since is None else 20 * len(symbols)
        page = self._instance.fetch_materializations(wanted, limit=limit)
        for record in page.records:  # the newest first
            self._known.setdefault((asset, str(record.partition_key)), record)


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
