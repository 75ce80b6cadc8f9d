"""The sensors that send alerts: a run failed, series are stale, regimes changed, a week is over.

Each is sent once by a record or the cursor, twice after a crash between sending and storing it.
"""

import datetime as dt
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

import dagster as dg

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute_db.board import read_board
from regime_platform.model.digests import document_digest
from regime_platform.operations.staleness import StaleSeries, stale_series
from regime_platform.orchestration.alerts.changes import changes_alert, sent_changes
from regime_platform.orchestration.alerts.channels import Alert, send_alert
from regime_platform.orchestration.alerts.confirmation import advance_all
from regime_platform.orchestration.alerts.looks import board_looks
from regime_platform.orchestration.alerts.open_failures import (
    open_failures,
    read_failures,
    with_failure,
    write_failures,
)
from regime_platform.orchestration.alerts.reported import (
    ReportedRegimes,
    read_digest,
    read_reported,
    read_stale,
    write_digest,
    write_reported,
    write_stale,
)
from regime_platform.orchestration.alerts.rules_file import RulesInForce, rules_in_force
from regime_platform.orchestration.alerts.weekly import next_digest
from regime_platform.orchestration.events.failures import run_failure_of
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.settings import Settings, load_universe

_RUNNING = dg.DefaultSensorStatus.RUNNING


@dg.run_failure_sensor(
    default_status=_RUNNING,
    minimum_interval_seconds=30,
    description="Reports the symbols that failed in a run, and why, or that the run crashed; the "
    "same cause once.",
)
def run_failures(
    context: dg.RunFailureSensorContext, workspace: dg.ResourceParam[WorkspaceResource]
) -> None:
    """Sends an alert for what failed in a run and is not known from an earlier one."""
    run, failure, settings = context.dagster_run, run_failure_of(context), workspace.settings()
    now, known = workspace.now(), open_failures(settings)
    # runs launched from the assets have a job of Dagster's own
    name = "materialize" if run.job_name.startswith("__") else run.job_name
    if _has_succeeded(context.instance, run.job_name, known.last_of(name)):
        known = known.without_job(name)
    failures, news = with_failure(known, name, failure, now)
    if news.lines:
        title = f"{name} {failure.summary}: run {run.run_id[:8]}"
        facts: dict[str, str | int] = {"run": run.run_id, "job": run.job_name}
        send_alert(settings, Alert("run_failed", title, now, news.lines, facts))
    write_failures(settings, failures)


def _has_succeeded(instance: dg.DagsterInstance, job: str, since: dt.datetime | None) -> bool:
    if since is None:
        return False
    wanted = dg.RunsFilter(
        job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS], updated_after=since
    )
    return bool(instance.get_run_records(wanted, limit=1))


@dg.sensor(
    default_status=_RUNNING,
    minimum_interval_seconds=900,
    description="Reports when series begin or cease to lack bars that their calendar expects.",
)
def stale_symbols(
    context: dg.SensorEvaluationContext, workspace: dg.ResourceParam[WorkspaceResource]
) -> dg.SkipReason:
    """Sends an alert of the series that became stale since the last look, or have bars again."""
    settings, now = workspace.settings(), workspace.now()
    stale = {series.name: series for series in stale_series(workspace.open(), now)}
    before = read_stale(settings)
    if before is None:  # the cursor of release 0.2.0 is a digest of the names
        is_known = document_digest({"stale": sorted(stale)}) == context.cursor
        before = frozenset(stale if is_known else ())
    if stale.keys() != before:
        send_alert(settings, _stale_alert(stale, before, now))
    write_stale(settings, stale)
    return dg.SkipReason(f"{len(stale)} stale series, {len(stale.keys() - before)} new")


def _stale_alert(
    stale: Mapping[str, StaleSeries], before: AbstractSet[str], now: dt.datetime
) -> Alert:
    symbols = len({series.symbol for series in stale.values()})
    title = f"{len(stale)} series of {symbols} symbols lack bars" if stale else "no series is stale"
    began = [series.line for name, series in stale.items() if name not in before]
    ended = [f"{name}: has its bars again" for name in sorted(before - stale.keys())]
    lasting = len(stale) - len(began)
    rest = (
        [f"reported before: {lasting:,}; `regime status --all-rows` names all"] if lasting else []
    )
    facts = {"series": len(stale), "symbols": symbols, "new": len(began)}
    return Alert("stale", title, now, [*began, *ended, *rest], facts)


@dg.sensor(
    default_status=_RUNNING,
    minimum_interval_seconds=60,
    description="Reports the changes of regime and bucket that count, by the rules of alerts.yaml.",
)
def regime_changes(
    context: dg.SensorEvaluationContext, workspace: dg.ResourceParam[WorkspaceResource]
) -> dg.SkipReason:
    """Sends an alert of the changes that count since the last look at the board."""
    settings = workspace.settings()
    root = DataRoot(settings.root_folder)
    version = " ".join(map(_version, (root.board, root.alert_rules)))
    if version == context.cursor:
        return dg.SkipReason("board and rules are unchanged")
    universe, board, before = load_universe(settings), read_board(root), read_reported(settings)
    in_force = rules_in_force(root, universe)
    _report_problem(settings, in_force, before, workspace.now())
    tracked = set(universe.symbols)
    looks = {key: look for key, look in board_looks(board).items() if key[0] in tracked}
    stored = {} if before is None else before.by_series
    kept = {key: each for key, each in stored.items() if key[0] in tracked}
    series, changes = advance_all(kept, looks, in_force.rules.confirmation)
    if sent := sent_changes(changes, in_force.rules, universe):
        send_alert(settings, changes_alert(sent, workspace.now(), in_force.notes))
    after = ReportedRegimes.of(series, in_force.problem)
    if after != before:
        write_reported(settings, after)
    _forget_good(settings)
    context.update_cursor(version)
    return dg.SkipReason(f"{len(changes)} changes, {len(sent)} sent")


def _report_problem(
    settings: Settings, in_force: RulesInForce, before: ReportedRegimes | None, now: dt.datetime
) -> None:
    """Reports once that alerts.yaml is not used."""
    if in_force.problem and (before is None or before.problem != in_force.problem):
        instead = f"the default rules decide until it is corrected: {in_force.rules.describe()}"
        lines = [in_force.problem, instead]
        send_alert(settings, Alert("rules_invalid", "alerts.yaml is not used", now, lines))


def _forget_good(settings: Settings) -> None:
    """So that a failure that comes again after a success is sent again."""
    before, after = read_failures(settings), open_failures(settings)
    if after != before:
        write_failures(settings, after)


@dg.sensor(
    default_status=_RUNNING,
    minimum_interval_seconds=900,
    description="Sends the weekly digest: what changed, time in regime, open failures.",
)
def weekly_digest(workspace: dg.ResourceParam[WorkspaceResource]) -> dg.SkipReason:
    """Sends the digest once a week, at the first look after its moment."""
    settings, now = workspace.settings(), workspace.now()
    universe = load_universe(settings)
    in_force = rules_in_force(DataRoot(settings.root_folder), universe)
    digest, last = in_force.rules.digest, read_digest(settings)
    if digest is False:
        return dg.SkipReason("no digest is wanted")
    due = digest.last_due(now)
    if last is not None and last.at >= due:
        return dg.SkipReason(f"the digest of {due:%Y-%m-%d %H:%M} UTC is sent")
    made = next_digest(settings, universe, digest, now, in_force.notes)
    if made is None:
        return dg.SkipReason("no look at the board yet")
    if made.alert is not None:
        send_alert(settings, made.alert)
    write_digest(settings, made.record)
    return dg.SkipReason("sent" if made.alert else "the first digest is sent in a week")


def _version(path: Path) -> str:
    try:
        status = path.stat()
    except FileNotFoundError:
        return "none"
    return f"{status.st_mtime_ns} {status.st_size}"
