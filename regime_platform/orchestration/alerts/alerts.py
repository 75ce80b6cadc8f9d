"""The sensors that send alerts: a run failed, series are stale, regimes changed.

Each is sent once by the cursor, twice after a crash between sending and storing the cursor.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import dagster as dg
import polars as pl

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute.maturity import immature_rows, marked
from regime_platform.compute_db.board import read_board
from regime_platform.files import read_json, write_json
from regime_platform.model.digests import document_digest
from regime_platform.operations.staleness import StaleSeries, stale_series
from regime_platform.orchestration.alerts.channels import Alert, send_alert
from regime_platform.orchestration.events.failures import run_failure_of
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.settings import Settings

_RUNNING = dg.DefaultSensorStatus.RUNNING


@dg.run_failure_sensor(
    default_status=_RUNNING,
    minimum_interval_seconds=30,
    description="Reports the symbols that failed in a run, and why, or that the run crashed.",
)
def run_failures(
    context: dg.RunFailureSensorContext, workspace: dg.ResourceParam[WorkspaceResource]
) -> None:
    """Sends an alert for a failed run."""
    run, failure = context.dagster_run, run_failure_of(context)
    # runs launched from the assets have a job of Dagster's own
    name = "materialize" if run.job_name.startswith("__") else run.job_name
    title = f"{name} {failure.summary}: run {run.run_id[:8]}"
    facts = {"run": run.run_id, "job": run.job_name}
    send_alert(
        workspace.settings(), Alert("run_failed", title, workspace.now(), failure.lines, facts)
    )


@dg.sensor(
    default_status=_RUNNING,
    minimum_interval_seconds=900,
    description="Reports when series begin or cease to lack bars that their calendar expects.",
)
def stale_symbols(
    context: dg.SensorEvaluationContext, workspace: dg.ResourceParam[WorkspaceResource]
) -> dg.SkipReason:
    """Sends an alert where other series are stale than at the last look."""
    now = workspace.now()
    stale = stale_series(workspace.open(), now)
    names = sorted(f"{series.symbol} {series.timeframe}" for series in stale)
    cursor = document_digest({"stale": names})
    if cursor == context.cursor or (not stale and not context.cursor):
        return dg.SkipReason(f"{len(stale)} stale series, as reported before")
    send_alert(workspace.settings(), _stale_alert(stale, now))
    context.update_cursor(cursor)
    return dg.SkipReason(f"reported {len(stale)} stale series")


def _stale_alert(stale: Sequence[StaleSeries], now: dt.datetime) -> Alert:
    symbols = len({series.symbol for series in stale})
    title = f"{len(stale)} series of {symbols} symbols lack bars" if stale else "no series is stale"
    lines = [
        f"{series.symbol} {series.timeframe}: {series.age}"
        + (f"; {series.reason}" if series.reason else "")
        for series in stale
    ]
    return Alert("stale", title, now, lines, {"series": len(stale), "symbols": symbols})


@dg.sensor(
    default_status=_RUNNING,
    minimum_interval_seconds=60,
    description="Reports series whose regime or escalation bucket changed.",
)
def regime_changes(
    context: dg.SensorEvaluationContext, workspace: dg.ResourceParam[WorkspaceResource]
) -> dg.SkipReason:
    """Sends an alert where the board shows other regimes than at the last look."""
    settings = workspace.settings()
    root = DataRoot(settings.root_folder)
    status = root.board.stat() if root.board.exists() else None
    version = f"{status.st_mtime_ns} {status.st_size}" if status else "none"
    if version == context.cursor:
        return dg.SkipReason("the board is unchanged")
    now = current_regimes(root)
    changes = changed_regimes(reported_regimes(settings), now, immature_series(root))
    if changes:
        title = f"{len(changes)} series changed their regime or bucket"
        send_alert(settings, Alert("regime_changed", title, workspace.now(), changes))
    write_reported_regimes(settings, now)
    context.update_cursor(version)
    return dg.SkipReason(f"{len(changes)} changes")


#: "SYMBOL timeframe" -> label and escalation bucket, "" where it has none.
Regimes = Mapping[str, tuple[str, str]]


def reported_regimes(settings: Settings) -> Regimes | None:
    """The regimes that were reported last; None before the first report."""
    stored = read_json(_file(settings))
    if stored is None:
        return None
    return {name: (label, bucket) for name, (label, bucket) in stored.items()}


def write_reported_regimes(settings: Settings, regimes: Regimes) -> None:
    """Replaces the regimes that were reported last."""
    write_json(_file(settings), dict(regimes))


def current_regimes(root: DataRoot) -> Regimes:
    """The regimes of the board; a series without one is left out.

    Raises:
        ResultsError: the board is damaged.
    """
    names = ("symbol", "timeframe", "regime_label", "escalation_bucket")
    columns = [pl.col(name).cast(pl.String) for name in names]
    rows = read_board(root).filter(pl.col("regime_label").is_not_null()).select(columns)
    return {
        f"{symbol} {timeframe}": (label, bucket or "")
        for symbol, timeframe, label, bucket in rows.iter_rows()
    }


def immature_series(root: DataRoot) -> AbstractSet[str]:
    """The series of the board whose latest rank is immature, as "SYMBOL timeframe"."""
    rows = read_board(root).filter(immature_rows())
    return set(rows.select(pl.concat_str("symbol", "timeframe", separator=" ")).to_series())


def changed_regimes(
    before: Regimes | None, now: Regimes, immature: AbstractSet[str] = frozenset()
) -> list[str]:
    """One line for every series whose regime changed; none before the first report.

    ``immature`` names the series whose present rank is to be marked.
    """
    return [
        f"{name}: {_text(before[name])} -> {_text(regime, is_immature=name in immature)}"
        for name, regime in now.items()
        if before is not None and name in before and before[name] != regime
    ]


def _text(regime: tuple[str, str], *, is_immature: bool = False) -> str:
    label, bucket = regime
    return f"{label} ({marked(bucket, is_immature=is_immature)})" if bucket else label


def _file(settings: Settings) -> Path:
    return settings.dagster_folder / "told_regimes.json"
