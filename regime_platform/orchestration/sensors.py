"""The sensor new_bars: starts gate and compute of exactly the symbols with new raw bars.

``@asset_sensor`` sees only the latest event since its last tick, and automation conditions launch
one run per unbroken range. A batch is launched once (run key, cursor written with the tick); where
its run dies, ``reconcile`` processes its symbols.

The ids of events begin again where the latest ones are deleted with their run, so the cursor names
its event by id, run and time.
"""

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Self

import dagster as dg

from regime_platform.json_text import load_json
from regime_platform.model.timeframes import TIERS
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.events.metadata import (
    IS_PROCESSED,
    IS_PROCESSED_BEFORE_0_2,
    ROWS_INSERTED,
)
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

#: Symbols per run, at most one and a half times as many: a restart repeats no more than these, and
#: the start of a run costs as much as thirty symbols.
BATCH = 400
#: Events per tick: 1,600 take half a second to read, which a tick should not exceed by much.
_EVENTS = 2000
_PAGE = 1000
_UPDATE = {"core": UPDATE_CORE, "daily": UPDATE_DAILY}
#: Seconds before the event of a cursor that are read again where that event was deleted; the clock
#: may have been set back. Symbols processed since are unchanged, which a run notices quickly.
_MOST_BACK = 3600.0
_GATHERING = 30.0  # seconds that symbols wait for others of an update in progress
#: Above the updates of the same lane: fetched bars are processed before more are fetched.
_PRIORITY = {"core": "11", "daily": "5"}


@dataclass(frozen=True)
class Position:
    """An event of the log; the default is before all events."""

    id: int = 0
    run: str | None = None  # empty for an event without a run; None where it is not known
    at: float = 0.0  # Unix time

    @classmethod
    def of(cls, record: dg.EventLogRecord) -> Self:
        """The position of an event."""
        return cls(record.storage_id, record.run_id, record.timestamp)

    @classmethod
    def parse(cls, cursor: str | None) -> Self:
        """The position in a cursor; one of release 0.2 is the id alone."""
        parts = load_json(cursor or "0")
        return cls(parts) if isinstance(parts, int) else cls(*parts)

    def __str__(self) -> str:
        """The cursor."""
        return json.dumps(astuple(self))

    def is_of(self, record: dg.EventLogRecord) -> bool:
        """True where this is the position of the event, as far as is known."""
        return self in (Position.of(record), Position(record.storage_id))


def build_new_bars(current: CurrentUniverse) -> dg.SensorDefinition:
    """The sensor ``new_bars``; RUNNING by default, since fetched bars wait for its runs."""

    @dg.sensor(
        job_name=RECOMPUTE,
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Recomputes exactly the symbols with new or revised raw bars.",
    )
    def new_bars(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        since = Position.parse(context.cursor)
        changed, last, began = changed_symbols(context.instance, since)
        if last == since:
            return dg.SkipReason("no fetch since the last tick")
        wanted = _by_tier(current(), changed)
        if not wanted:
            context.update_cursor(str(last))
            return dg.SkipReason("every symbol fetched since the last tick is already processed")
        waited = time.time() - began  # by the clock of the event log
        if waited < _GATHERING and _grow(context.instance, wanted):
            return dg.SkipReason(f"the update is in progress: {len(changed)} symbols wait for more")
        requests = list(_requests(wanted, f"new_bars:{last.run}:{last.id}:{last.at}"))
        return dg.SensorResult(run_requests=requests, cursor=str(last))

    return new_bars


def _by_tier(universe: Universe, changed: frozenset[str]) -> Mapping[str, Sequence[str]]:
    """The changed symbols of each tier in universe order; no empty tiers."""
    wanted = {
        tier: [member.symbol for member in universe.tier(tier) if member.symbol in changed]
        for tier in TIERS
    }
    return {tier: symbols for tier, symbols in wanted.items() if symbols}


def _requests(wanted: Mapping[str, Sequence[str]], run_key: str) -> Iterator[dg.RunRequest]:
    batches = [(tier, batch) for tier, symbols in wanted.items() for batch in _cut(symbols)]
    for index, (tier, batch) in enumerate(batches):
        yield dg.RunRequest(
            run_key=f"{run_key}:{index}",
            run_config=listed_config(RECOMPUTE, batch),
            tags={LANE: tier, PRIORITY: _PRIORITY[tier]},
        )


def _grow(instance: dg.DagsterInstance, wanted: Mapping[str, Sequence[str]]) -> bool:
    """True where no tier has a full batch and updates of all of them are in progress."""
    return all(
        len(symbols) < BATCH and is_in_progress(instance, _UPDATE[tier])
        for tier, symbols in wanted.items()
    )


def _cut(symbols: Sequence[str]) -> Iterator[Sequence[str]]:
    size = math.ceil(len(symbols) / max(1, round(len(symbols) / BATCH)))
    for start in range(0, len(symbols), size):
        yield symbols[start : start + size]


def changed_symbols(
    instance: dg.DagsterInstance, since: Position
) -> tuple[frozenset[str], Position, float]:
    """Symbols with inserted rows that their run did not process, in events after ``since``.

    Returns:
        The symbols; the last event; the Unix time of the first such event, or infinity.
    """
    changed: set[str] = set()
    last, began = since, math.inf
    for record in _fetches(instance, since):
        last = Position.of(record)
        event = record.asset_materialization
        if event and event.partition is not None and _needs_processing(event.metadata):
            changed.add(event.partition)
            began = min(began, record.timestamp)
    return frozenset(changed), last, began


def _needs_processing(metadata: Mapping[str, dg.MetadataValue[Any]]) -> bool:
    """True where rows came in, and the run that fetched them went no further."""
    inserted, *processed = (
        name in metadata and bool(metadata[name].value)
        for name in (ROWS_INSERTED, IS_PROCESSED, IS_PROCESSED_BEFORE_0_2)
    )
    return inserted and not any(processed)


def _fetches(instance: dg.DagsterInstance, since: Position) -> Iterator[dg.EventLogRecord]:
    """The events after ``since``; where its event is gone, those since shortly before its time."""
    first = next(_pages(instance, after=since.id - 1, limit=1), None)
    if since.id and (first is None or not since.is_of(first)):
        yield from _pages(instance, after=0, since=min(since.at, time.time()) - _MOST_BACK)
    else:
        yield from _pages(instance, after=since.id)


def _pages(
    instance: dg.DagsterInstance, after: int, since: float = 0.0, limit: int = _PAGE
) -> Iterator[dg.EventLogRecord]:
    raw_bars = dg.AssetKey(Stage.RAW_BARS.value)
    for _ in range(_EVENTS // _PAGE):
        wanted = dg.AssetRecordsFilter(
            asset_key=raw_bars, after_storage_id=after, after_timestamp=max(0.0, since)
        )
        page = instance.fetch_materializations(wanted, limit=limit, ascending=True)
        yield from page.records
        if not page.has_more:
            return
        after = page.records[-1].storage_id
