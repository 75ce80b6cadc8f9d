"""New bars in the raw log start the gate and the compute of exactly the symbols that got them.

A plain sensor with a cursor over raw_bars events: ``@asset_sensor`` sees only the latest event
since its last tick, and automation conditions launch one run per unbroken range, which scattered
symbols are not. A batch is launched once (run key, cursor written with the tick); that a launched
run is not lost when it dies is the reconcile's business, and that nothing is computed twice is the
pipeline's, which compares digests.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from regime_platform.model.timeframes import TIERS
from regime_platform.orchestration.events.metadata import IS_WALKED_ON, ROWS_INSERTED
from regime_platform.orchestration.jobs import (
    LANE,
    PRIORITY,
    RECOMPUTE,
    UPDATE_CORE,
    UPDATE_DAILY,
    listed_config,
)
from regime_platform.orchestration.partitions import CurrentUniverse
from regime_platform.orchestration.schedules import is_in_progress
from regime_platform.pipeline.outcomes import Stage

#: Symbols per run, or half as many more: a restart repeats no more than these, and the start of a
#: run costs as much as thirty symbols.
BATCH = 400
#: Events per tick: 1,600 take half a second to read, and a tick should stay around that.
_EVENTS = 2000
_PAGE = 1000
_UPDATE = {"core": UPDATE_CORE, "daily": UPDATE_DAILY}
_GATHERING = 30.0  # seconds that symbols wait for others of an update that still goes on
#: Above updates of the same lane: what was fetched goes first to its results.
_PRIORITY = {"core": "11", "daily": "5"}


def build_sensors(current: CurrentUniverse) -> list[dg.SensorDefinition]:
    """The sensor ``new_bars``; it runs from the start, since fetching without it leads nowhere."""

    @dg.sensor(
        name="new_bars",
        job_name=RECOMPUTE,
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Recomputes exactly the symbols whose raw bars grew or were revised.",
    )
    def new_bars(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        since = int(context.cursor or 0)
        changed, last, began = changed_symbols(context.instance, since)
        if last == since:
            return dg.SkipReason("no fetch since the last tick")
        universe = current()
        wanted = {
            tier: symbols
            for tier in TIERS
            if (
                symbols := [
                    instrument.symbol
                    for instrument in universe.tier(tier)
                    if instrument.symbol in changed
                ]
            )
        }
        if not wanted:
            context.update_cursor(str(last))
            return dg.SkipReason("every symbol fetched since the last tick is already walked on")
        waited = time.time() - began  # by the clock that events are stamped with
        if waited < _GATHERING and _grow(context.instance, wanted):
            return dg.SkipReason(f"the update goes on: {len(changed)} symbols wait for more")
        batches = [(tier, batch) for tier, symbols in wanted.items() for batch in _cut(symbols)]
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


def _grow(instance: dg.DagsterInstance, wanted: Mapping[str, Sequence[str]]) -> bool:
    """True where no tier has enough for a run, and the updates of all may still bring more."""
    return all(
        len(symbols) < BATCH and is_in_progress(instance, _UPDATE[tier])
        for tier, symbols in wanted.items()
    )


def _cut(symbols: Sequence[str]) -> Iterator[Sequence[str]]:
    size = math.ceil(len(symbols) / max(1, round(len(symbols) / BATCH)))
    for start in range(0, len(symbols), size):
        yield symbols[start : start + size]


def changed_symbols(instance: dg.DagsterInstance, since: int) -> tuple[frozenset[str], int, float]:
    """Symbols with inserted rows that no run has walked on, and since when there are some.

    Returns:
        The symbols; the id of the last event looked at; the Unix time of the first that counts,
        infinite where none does.
    """
    changed: set[str] = set()
    last, began = since, math.inf
    for record in _fetches(instance, since):
        last = record.storage_id
        event = record.asset_materialization
        if event is None or event.partition is None:
            continue
        rows, walked_on = (event.metadata.get(name) for name in (ROWS_INSERTED, IS_WALKED_ON))
        if rows is not None and rows.value and not (walked_on is not None and walked_on.value):
            changed.add(event.partition)
            began = min(began, record.timestamp)
    return frozenset(changed), last, began


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
