"""Which materialisation a check's result is about.

The UI shows a result as "missing" unless it names the partition's latest materialisation, and
Dagster does not tell the number under which an event was stored. To ask for each costs 10 ms; so
what a group of symbols has just reported is asked for in one query per asset.
"""

from collections import defaultdict
from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

_CLOCKS = 60.0  # seconds that the clock may have been set back since the group was begun


class Targets:
    """The latest materialisations of partitions.

    Args:
        instance: where they are stored.
        reported: what has just been reported and shall be found without a query of its own.
        since: the Unix time from before the first of them was reported.
    """

    def __init__(
        self,
        instance: dg.DagsterInstance,
        reported: Sequence[dg.AssetMaterialization] = (),
        since: float = 0.0,
    ) -> None:
        self._instance = instance
        self._known: dict[tuple[dg.AssetKey, str], dg.EventLogRecord] = {}
        partitions: dict[dg.AssetKey, list[str]] = defaultdict(list)
        for one in reported:
            partitions[one.asset_key].append(str(one.partition))
        for asset, named in partitions.items():
            self._look_up(asset, named, since - _CLOCKS)

    def of(
        self, asset: dg.AssetKey, symbol: str
    ) -> AssetCheckEvaluationTargetMaterializationData | None:
        """What a result for this partition names; None where it was never materialised."""
        if (asset, symbol) not in self._known:
            self._look_up(asset, [symbol], None)
        record = self._known.get((asset, symbol))
        if record is None:
            return None
        return AssetCheckEvaluationTargetMaterializationData(
            storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
        )

    def _look_up(self, asset: dg.AssetKey, symbols: list[str], since: float | None) -> None:
        wanted = dg.AssetRecordsFilter(
            asset_key=asset, asset_partitions=symbols, after_timestamp=since
        )
        limit = 1 if since is None else 20 * len(symbols)
        found = self._instance.fetch_materializations(wanted, limit=limit)
        for record in found.records:  # the newest first
            self._known.setdefault((asset, str(record.partition_key)), record)
