"""The sensors that send alerts: a run failed, series are stale, regimes changed.

Each fact is sent once: Dagster's own cursor covers failed runs, the cursors of the other two hold
what was sent last. After a crash between sending and storing the cursor, an alert is sent twice.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from regime_platform.bar_store.layout import DataRoot
from regime_platform.model.digests import document_digest
from regime_platform.operations.staleness import StaleSeries, stale_series
from regime_platform.orchestration.alerts.channels import Alert, send_alert
from regime_platform.orchestration.alerts.regime_changes import (
    ReportedRegimes,
    changed_regimes,
    current_regimes,
)
from regime_platform.orchestration.events.failures import failure_lines, is_blocked_only
from regime_platform.orchestration.resources import WorkspaceResource

_RUNNING = dg.DefaultSensorStatus.RUNNING


def build_alert_sensors(workspace: WorkspaceResource) -> list[dg.SensorDefinition]:
    """``run_failures``, ``stale_symbols`` and ``regime_changes``; RUNNING by default."""
    return [_run_failures(workspace), _stale_symbols(workspace), _regime_changes(workspace)]


def _run_failures(workspace: WorkspaceResource) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name="run_failures",
        default_status=_RUNNING,
        minimum_interval_seconds=30,
        description="Reports the symbols that failed in a run, and why, or that the run crashed.",
    )
    def run_failures(context: dg.RunFailureSensorContext) -> None:
        run, lines = context.dagster_run, failure_lines(context)
        verb = "blocked symbols" if is_blocked_only(context) else "failed"
        alert = Alert(
            "run_failed",
            f"{_name(run)} {verb}: run {run.run_id[:8]}",
            _now(),
            lines,
            {"run": run.run_id, "job": run.job_name},
        )
        send_alert(workspace.settings(), alert)

    return run_failures


def _name(run: dg.DagsterRun) -> str:
    # runs launched from the assets have a job of Dagster's own
    return "materialize" if run.job_name.startswith("__") else run.job_name


def _stale_symbols(workspace: WorkspaceResource) -> dg.SensorDefinition:
    @dg.sensor(
        name="stale_symbols",
        default_status=_RUNNING,
        minimum_interval_seconds=900,
        description="Reports when series begin or cease to lack bars that their calendar expects.",
    )
    def stale_symbols(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        stale = stale_series(workspace.open(), _now())
        names = sorted(f"{series.symbol} {series.timeframe}" for series in stale)
        cursor = document_digest({"stale": names})
        if cursor == context.cursor or (not stale and not context.cursor):
            return dg.SkipReason(f"{len(stale)} stale series, as reported before")
        send_alert(workspace.settings(), _stale_alert(stale))
        context.update_cursor(cursor)
        return dg.SkipReason(f"reported {len(stale)} stale series")

    return stale_symbols


def _stale_alert(stale: Sequence[StaleSeries]) -> Alert:
    symbols = len({series.symbol for series in stale})
    lines = [_stale_line(series) for series in stale]
    title = f"{len(stale)} series of {symbols} symbols lack bars" if stale else "no series is stale"
    return Alert("stale", title, _now(), lines, {"series": len(stale), "symbols": symbols})


def _stale_line(series: StaleSeries) -> str:
    name, last = f"{series.symbol} {series.timeframe}", series.last_bar or "none"
    reason = f"; {series.reason}" if series.reason else ""
    return f"{name}: last bar {last}, {series.missing} missing{reason}"


def _regime_changes(workspace: WorkspaceResource) -> dg.SensorDefinition:
    @dg.sensor(
        name="regime_changes",
        default_status=_RUNNING,
        minimum_interval_seconds=60,
        description="Reports series whose regime or escalation bucket changed.",
    )
    def regime_changes(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        root = DataRoot(Path(workspace.data_root))
        version = _version(root.board)
        if version == context.cursor:
            return dg.SkipReason("the board is unchanged")
        reported = ReportedRegimes.of(workspace.settings())
        now = current_regimes(root)
        changes = changed_regimes(reported.read(), now)
        if changes:
            title = f"{len(changes)} series changed their regime or bucket"
            send_alert(workspace.settings(), Alert("regime_changed", title, _now(), changes))
        reported.write(now)
        context.update_cursor(version)
        return dg.SkipReason(f"{len(changes)} changes")

    return regime_changes


def _version(board: Path) -> str:
    if not board.exists():
        return "none"
    status = board.stat()
    return f"{status.st_mtime_ns} {status.st_size}"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of the sensors
