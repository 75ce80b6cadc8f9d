"""Sensors that tell persons: a run failed, series are stale, regimes changed.

Each tells a thing once: Dagster's cursor is behind every failed run, the other two keep in theirs
what was told last. A crash between telling and keeping tells again, which beats not telling.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from regime_platform.bar_store.layout import DataRoot
from regime_platform.model.digests import facts_digest
from regime_platform.operations.staleness import StaleSeries, stale_series
from regime_platform.orchestration.alerts.channels import Notice, notify
from regime_platform.orchestration.alerts.failures import failure_lines, is_blocked_only
from regime_platform.orchestration.alerts.regime_changes import (
    Regimes,
    changed_regimes,
    current_regimes,
)
from regime_platform.orchestration.instance.state import state_folder
from regime_platform.orchestration.resources import WorkspaceResource

_RUNNING = dg.DefaultSensorStatus.RUNNING


def build_alarms(workspace: WorkspaceResource) -> list[dg.SensorDefinition]:
    """``run_failures``, ``stale_symbols`` and ``regime_changes``; they run from the start."""
    return [_run_failures(workspace), _stale_symbols(workspace), _regime_changes(workspace)]


def _run_failures(workspace: WorkspaceResource) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name="run_failures",
        default_status=_RUNNING,
        minimum_interval_seconds=30,
        description="Tells which symbols a failed run left behind, and why; a run that died says "
        "so.",
    )
    def run_failures(context: dg.RunFailureSensorContext) -> None:
        run, lines = context.dagster_run, failure_lines(context)
        word = "held symbols back" if is_blocked_only(context) else "failed"
        notice = Notice(
            "run_failed",
            f"{_name(run)} {word}: run {run.run_id[:8]}",
            _now(),
            lines,
            {"run": run.run_id, "job": run.job_name},
        )
        notify(workspace.settings(), notice)

    return run_failures


def _name(run: dg.DagsterRun) -> str:
    # what somebody launches from the assets has a job of Dagster's own
    return "materialize" if run.job_name.startswith("__") else run.job_name


def _stale_symbols(workspace: WorkspaceResource) -> dg.SensorDefinition:
    @dg.sensor(
        name="stale_symbols",
        default_status=_RUNNING,
        minimum_interval_seconds=900,
        description="Tells when series begin or cease to lack bars that their calendar expects.",
    )
    def stale_symbols(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        stale = stale_series(workspace.open(), _now())
        told = facts_digest({"stale": sorted(f"{one.symbol} {one.timeframe}" for one in stale)})
        if told == context.cursor or (not stale and not context.cursor):
            return dg.SkipReason(f"{len(stale)} stale series, as told before")
        notify(workspace.settings(), _stale_notice(stale))
        context.update_cursor(told)
        return dg.SkipReason(f"told of {len(stale)} stale series")

    return stale_symbols


def _stale_notice(stale: Sequence[StaleSeries]) -> Notice:
    symbols = len({one.symbol for one in stale})
    lines = [
        f"{one.symbol} {one.timeframe}: last bar {one.last_bar or 'none'}, {one.missing} missing"
        + (f"; {one.reason}" if one.reason else "")
        for one in stale
    ]
    title = f"{len(stale)} series of {symbols} symbols lack bars" if stale else "no series is stale"
    return Notice("stale", title, _now(), lines, {"series": len(stale), "symbols": symbols})


def _regime_changes(workspace: WorkspaceResource) -> dg.SensorDefinition:
    @dg.sensor(
        name="regime_changes",
        default_status=_RUNNING,
        minimum_interval_seconds=60,
        description="Tells whose regime or escalation bucket is another than it was.",
    )
    def regime_changes(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        root = DataRoot(Path(workspace.data_root))
        version = _version(root.board)
        if version == context.cursor:
            return dg.SkipReason("the board is as it was")
        told = Regimes(state_folder(workspace.settings()) / "told_regimes.json")
        now = current_regimes(root)
        changes = changed_regimes(told.read(), now)
        if changes:
            title = f"{len(changes)} series changed their regime or bucket"
            notify(workspace.settings(), Notice("regime_changed", title, _now(), changes))
        told.write(now)
        context.update_cursor(version)
        return dg.SkipReason(f"{len(changes)} changes")

    return regime_changes


def _version(board: Path) -> str:
    if not board.exists():
        return "none"
    found = board.stat()
    return f"{found.st_mtime_ns} {found.st_size}"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of the sensors
