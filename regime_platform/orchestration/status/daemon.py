"""The rows of `regime status` about Dagster: the daemon, its queue, its passes."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg

from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.events.overview import LastPass, Overview, overview
from regime_platform.orchestration.instance.daemon_lock import daemon_running_for
from regime_platform.orchestration.instance.history import require_sound_history
from regime_platform.orchestration.schedules import LatePass
from regime_platform.orchestration.status.check import Check, SymbolItem
from regime_platform.pipeline.outbox import Outbox, Waiting
from regime_platform.settings import Settings

_ALIVE = 180.0  # seconds; a daemon gives a sign of life every 30
_HANGS = 1800.0  # seconds; longer than any evaluation or start takes
_QUEUE_RESTS = 900.0  # seconds; the queue is looked at every few
_UI = "regime ui"
_NOT_RUNNING = "not running: nothing is fetched"
_SEE_DAEMON = "see docs/operations.md, daemon"
NO_DAEMON = Check("daemon", "error", _NOT_RUNNING, _SEE_DAEMON, is_fatal=True, more=_UI)
_SEE_RUN = "its run in the UI names symbols, reasons and remedies"


@dataclass(frozen=True)
class RunItem:
    """A failed run."""

    job: str
    run: str
    ended: dt.datetime | None

    @property
    def name(self) -> str:
        """The job and the first digits of the run."""
        return f"{self.job} {self.run[:8]}"

    reason = ""


def daemon_checks(
    settings: Settings,
    now: dt.datetime,
    universe: Universe | None,
    opened: dg.DagsterInstance | None = None,
) -> Sequence[Check]:
    """The daemon, its queue, the runs that failed within a day, commands and the last passes.

    ``opened`` is Dagster's instance of these settings where it is open already.

    Raises:
        HistoryError: a database of Dagster is damaged.
    """
    require_sound_history(settings)
    state, running = overview(settings, now, universe, opened), daemon_running_for(settings, now)
    waiting = _waiting(Outbox(settings).waiting(), now, running or 0.0)
    return [_daemon(state, running), _runs(state), waiting, *_passes(state, running or 0.0)]


def _daemon(state: Overview, running: float | None) -> Check:
    youngest = min(state.beats.values(), default=None)
    facts = {"heartbeat_seconds": youngest, "switched_off": list(state.switched_off)}
    silent = [name.lower() for name, age in state.beats.items() if age > _HANGS]
    if running is not None and running > _HANGS and silent:
        text = f"no sign of life of {', '.join(silent)} for half an hour"
        return Check("daemon", "error", text, "restart the daemon", is_fatal=True, facts=facts)
    if youngest is None or youngest >= _ALIVE:
        if running is None:
            return NO_DAEMON
        return Check("daemon", "note", "starting, or busy with a long evaluation", facts=facts)
    alive = f"alive {youngest:.0f} s ago"
    if state.switched_off:
        text = f"{alive}; switched off in the UI: {', '.join(state.switched_off)}"
        return Check("daemon", "note", text, more=_UI, facts=facts)
    return Check("daemon", "ok", alive, more=_UI, facts=facts)


def _runs(state: Overview) -> Check:
    items = [RunItem(run.job, run.run, run.ended) for run in state.failed]
    facts = {"active": state.working, "queued": state.waiting}
    text = f"{state.working} active, {state.waiting} queued"
    rests = state.queue_rests
    if rests is not None and rests > _QUEUE_RESTS and not state.working:
        text = f"{text}; none was started for {rests / 60:,.0f} minutes"
        return Check("runs", "error", text, "restart the daemon", more=_UI, facts=facts)
    if not items:
        return Check("runs", "ok", f"{text}, 0 failed", more=_UI, facts=facts)
    text = f"{text}; {len(items)} failed in a day"
    return Check("runs", "error", text, _SEE_RUN, more=_UI, items=items, facts=facts)


def _waiting(waiting: Waiting, now: dt.datetime, running: float) -> Check:
    """What commands did and Dagster does not show yet; without a daemon it may wait."""
    facts = {"symbols": len(waiting.symbols), "oldest": waiting.oldest}
    if waiting.oldest is None:
        return Check("waiting", "ok", "none", more=_UI, facts=facts)
    items = [SymbolItem(symbol) for symbol in waiting.symbols]
    changed = f"{len(items):,} symbol{'s' * (len(items) != 1)} changed"
    text = f"{changed} by commands, since {waiting.oldest:%Y-%m-%d %H:%M}"
    if min(running, (now - waiting.oldest).total_seconds()) > _QUEUE_RESTS:
        remedy = "switch on the sensor command_line in the UI, or restart the daemon"
        return Check("waiting", "error", text, remedy, more=_UI, items=items, facts=facts)
    return Check("waiting", "note", text, more=_UI, items=items, facts=facts)


def _passes(state: Overview, running: float) -> Iterator[Check]:
    for last in state.passes:
        late = state.late.get(last.job)
        if late is not None and running > late.patience.total_seconds():
            yield _late(last, late)
            continue
        ended = "" if last.ended is None else f" {last.ended:%Y-%m-%d %H:%M}, {last.seconds:.0f} s"
        facts = {"run": last.run, "ended": last.ended, "seconds": last.seconds}
        text = f"{last.status}{ended}"
        if last.status == "success":
            yield Check(last.job, "ok", text, more=_UI, facts=facts)
        elif last.status == "never":
            yield Check(last.job, "note", "never ran")
        else:
            yield Check(last.job, "error", text, _SEE_RUN, more=_UI, facts=facts)


def _late(last: LastPass, late: LatePass) -> Check:
    since = "never" if late.since is None else f"{late.since:%Y-%m-%d %H:%M}"
    text = f"late: last requested {since}, bars have been due since"
    remedy = "look at the ticks of its schedule in the UI, and restart the daemon"
    return Check(last.job, "error", text, remedy, more=_UI, facts={"requested": late.since})
