"""New bars in the raw log start the gate and the compute of exactly the symbols that got them.

A plain sensor with a cursor over raw_bars events: ``@asset_sensor`` sees only the latest event
since its last tick, and automation conditions launch one run per unbroken range, which scattered
symbols are not. A batch is launched once (run key, cursor written with the tick); that a launched
run is not lost when it dies is the reconcile's business, and that nothing is computed twice is the
pipeline's, which compares digests.
"""

from collections.abc import Iterator

import dagster as dg

from regime_platform.model.timeframes import TIERS
from regime_platform.orchestration.jobs import LANE, PRIORITY, RECOMPUTE, listed_config
from regime_platform.orchestration.metadata import IS_WALKED_ON, ROWS_INSERTED
from regime_platform.orchestration.partitions import CurrentUniverse
from regime_platform.pipeline.outcomes import Stage

#: Symbols per run: a restart repeats at most this much.
BATCH = 400
#: Events per tick: 1,600 take half a second to read, and a tick should stay around that.
_EVENTS = 2000
_PAGE = 1000
#: Above updates of the same lane: what was fetched goes first to its results.
_PRIORITY = {"core": "11", "daily": "5"}


def build_sensors(current: CurrentUniverse) -> list[dg.SensorDefinition]:
    """The sensor ``new_bars``; it runs from the start, since fetching without it leads nowhere."""

    @dg.sensor(
        name="new_bars",
        job_name=RECOMPUTE,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Recomputes exactly the symbols whose raw bars grew or were revised.",
    )
    def new_bars(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        since = int(context.cursor or 0)
        changed, last = changed_symbols(context.instance, since)
        if last == since:
            return dg.SkipReason("no fetch since the last tick")
        universe = current()
        batches = [
            (tier, wanted[start : start + BATCH])
            for tier in TIERS
            for wanted in [[one.symbol for one in universe.tier(tier) if one.symbol in changed]]
            for start in range(0, len(wanted), BATCH)
        ]
        if not batches:
            context.update_cursor(str(last))
            return dg.SkipReason("every symbol fetched since the last tick is already walked on")
        requests = [
            dg.RunRequest(
                run_key=f"new_bars:{since}:{last}:{place}",
                run_config=listed_config(RECOMPUTE, batch),
                tags={LANE: tier, PRIORITY: _PRIORITY[tier]},
            )
            for place, (tier, batch) in enumerate(batches)
        ]
        return dg.SensorResult(run_requests=requests, cursor=str(last))

    return [new_bars]


def changed_symbols(instance: dg.DagsterInstance, since: int) -> tuple[frozenset[str], int]:
    """Symbols with inserted rows that no run has walked on, and the last event looked at."""
    changed: set[str] = set()
    last = since
    for record in _fetches(instance, since):
        last = record.storage_id
        event = record.asset_materialization
        if event is None or event.partition is None:
            continue
        rows, walked_on = (event.metadata.get(name) for name in (ROWS_INSERTED, IS_WALKED_ON))
        if rows is not None and rows.value and not (walked_on is not None and walked_on.value):
            changed.add(event.partition)
    return frozenset(changed), last


def _fetches(instance: dg.DagsterInstance, since: int) -> Iterator[dg.EventLogRecord]:
    read = 0
    while read < _EVENTS:
        page = instance.fetch_materializations(
            dg.AssetRecordsFilter(
                asset_key=dg.AssetKey(Stage.RAW_BARS.value), after_storage_id=since
            ),
            limit=_PAGE,
            ascending=True,
        )
        yield from page.records
        read += len(page.records)
        if not page.has_more:
            return
        since = page.records[-1].storage_id
