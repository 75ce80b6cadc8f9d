"""`regime status`: runs, passes, blocked symbols and space, for operators and monitors."""

import datetime as dt
import shutil
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.output import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED, Output
from regime_platform.cli.console.screen import styled
from regime_platform.cli.operations.checks import Check, reason_of
from regime_platform.cli.operations.daemon_lock import daemon_running_for
from regime_platform.cli.operations.vendor_health import credit_checks
from regime_platform.compute_db.board import read_board
from regime_platform.operations.disk_budget import disk_budget
from regime_platform.operations.staleness import stale_series
from regime_platform.orchestration.events.overview import Overview, overview
from regime_platform.orchestration.instance.history import require_sound_history
from regime_platform.pipeline.board import is_outdated, shown_rows
from regime_platform.pipeline.compute import stale_results
from regime_platform.pipeline.identity import other_instrument
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings

_ALIVE = 180.0  # seconds; a daemon gives a sign of life every 30
_HANGS = 1800.0  # seconds; longer than any evaluation or start takes
_LITTLE_SPACE = 2 * 1024**3  # bytes


_NOT_RUNNING = "not running: nothing is fetched; see docs/operations.md, daemon"
NO_DAEMON = Check("daemon", "wrong", _NOT_RUNNING, is_fatal=True)
_SEE_RUN = "its run in the UI names symbols, reasons and remedies"
_SEE_OTHER = "`regime universe check` shows both instruments and what to do"
_SEE_LATE = "see docs/operations.md, Series lack bars"
_SHOWN = 10  # symbols per row; `--json` has all


def status(
    *,
    stale_code: Annotated[
        bool,
        typer.Option(
            "--stale-code", help="Also show symbols whose results were computed by other code."
        ),
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="For a monitor: one line per problem; exit code 0 healthy, 3 something failed or "
            "is late, 1 no daemon or unreadable state.",
        ),
    ] = False,
    clock: Clock,
    out: Output,
) -> int:
    settings, now = Settings(), clock.moment()
    if check:
        return _print_problems(_monitor_checks(settings, now), out)
    checks = _all_checks(settings, now, with_stale_code=stale_code)
    is_well = all(check.status != "wrong" for check in checks)
    documents = [
        {"what": _json_name(check), "status": check.status, "found": check.detail}
        for check in checks
    ]
    out.document({"is_well": is_well, "rows": documents})
    cells = [(check.name, styled(check.status), _shown(check)) for check in checks]
    out.table(("check", "status", "detail"), cells, folding=("detail",))
    return ALL_GOOD if is_well else NOTHING_SUCCEEDED


def _all_checks(settings: Settings, now: dt.datetime, *, with_stale_code: bool) -> list[Check]:
    workspace = RunWorkspace.open(settings)
    code = _checked("stale code", lambda: _stale_code(workspace)) if with_stale_code else []
    return [
        *code,
        *_checked("daemon", lambda: _dagster(settings, now)),
        *_checked("board", lambda: _symbols(workspace, now)),
        *_checked("disk", lambda: _resources(settings, workspace, now)),
    ]


def _monitor_checks(settings: Settings, now: dt.datetime) -> list[Check]:
    """The checks that need no look at every file; they create no folder."""
    root = settings.root_folder
    if not root.is_dir():
        text = f"{root} is no folder; mount it or set REGIME_DATA_ROOT"
        return [Check("data root", "wrong", text, is_fatal=True)]

    def symbols() -> Sequence[Check]:
        workspace = RunWorkspace.open(settings)
        return [*_symbols(workspace, now), *_space(workspace)]

    def daemon() -> Sequence[Check]:
        if not (root / "dagster" / "storage").exists():  # opening it would create it
            return [NO_DAEMON]
        return _dagster(settings, now)

    return [*_checked("daemon", daemon), *_checked("symbols", symbols)]


def _print_problems(checks: Sequence[Check], out: Output) -> int:
    problems = [check for check in checks if check.status == "wrong"]
    code = SOME_FAILED if problems else ALL_GOOD
    if any(check.is_fatal for check in problems):
        code = NOTHING_SUCCEEDED
    documents = [
        {"what": _json_name(check), "problem": check.detail, "remedy": check.remedy}
        for check in problems
    ]
    out.document({"exit_code": code, "problems": documents})
    for line in [f"{check.name}: {_shown(check)}" for check in problems] or ["healthy"]:
        out.line(line)
    return code


def _json_name(row: Check) -> str:
    return {"blocked": "held back"}.get(row.name, row.name)  # as scripts know it


def _shown(row: Check) -> str:
    remedy = f"; {row.remedy}" if row.status == "wrong" and row.remedy else ""
    return _short(row.detail) + remedy


def _short(text: str) -> str:
    parts = text.split("; ")
    more = f"; and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    return "; ".join(parts[:_SHOWN]) + more


def _checked(name: str, check: Callable[[], Sequence[Check]]) -> Sequence[Check]:
    """The results of a check, or why it failed."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - the other checks must still run
        return [Check(name, "wrong", f"cannot be read: {reason_of(error)}", is_fatal=True)]


def _stale_code(workspace: RunWorkspace) -> Sequence[Check]:
    """Results that a forced run would change, because other code computed them."""
    stale = list(stale_results(workspace))
    if not stale:
        return [Check("stale code", "ok", "all results were computed by the installed code")]
    parts = sorted({part for _, differs in stale for part in differs})
    symbols = " ".join(symbol for symbol, _ in stale)
    text = f"{len(stale)} symbols, other {', '.join(parts)}; `regime compute --force`: {symbols}"
    return [Check("stale code", "note", text)]


def _dagster(settings: Settings, now: dt.datetime) -> Sequence[Check]:
    """The daemon, the last passes and the runs that failed."""
    require_sound_history(settings)
    state = overview(settings, now)
    rows = [_daemon(settings, state, now)]
    rows.append(Check("runs", "ok", f"{state.working} active, {state.waiting} queued"))
    for last in state.passes:
        ended = (
            "" if last.ended is None else f" {last.ended:%Y-%m-%d %H:%M} UTC, {last.seconds:.0f} s"
        )
        status = {"success": "ok", "never": "note"}.get(last.status, "wrong")
        rows.append(Check(last.job, status, f"{last.status}{ended}", _SEE_RUN))
    if state.failed:
        text = ", ".join(f"{run.job} {run.run[:8]}" for run in state.failed)
        rows.append(Check("failed runs of a day", "wrong", text, _SEE_RUN))
    return rows


def _daemon(settings: Settings, state: Overview, now: dt.datetime) -> Check:
    running = daemon_running_for(settings, now)
    youngest = min(state.beats.values(), default=None)
    silent = [name.lower() for name, age in state.beats.items() if age > _HANGS]
    if running is not None and running > _HANGS and silent:
        text = f"no sign of life of {', '.join(silent)} for half an hour; restart the daemon"
        return Check("daemon", "wrong", text, is_fatal=True)
    if youngest is not None and youngest < _ALIVE:
        return Check("daemon", "ok", f"alive {youngest:.0f} s ago")
    if running is not None:
        return Check("daemon", "note", "starting, or busy with a long evaluation")
    return NO_DAEMON


def _symbols(workspace: RunWorkspace, now: dt.datetime) -> Sequence[Check]:
    """Symbols blocked in the last run, late series and rows of the board that are out of date.

    Raises:
        ResultsError: the board is damaged.
    """
    board = read_board(workspace.root)
    rows = board.select("symbol", "held_back").unique(maintain_order=True).iter_rows()
    blocked = {symbol: f"{symbol} {reason}" for symbol, reason in rows if reason}
    reasons, remedy = list(blocked.values()), _blocked_remedy(list(blocked))
    stale = [f"{series.symbol} {series.timeframe}" for series in stale_series(workspace, now)]
    shown = shown_rows(board)
    outdated = [
        instrument.symbol
        for instrument in workspace.universe.instruments
        if is_outdated(workspace.root, instrument, shown.get(instrument.symbol))
    ]
    other = [
        entry.symbol
        for entry in workspace.universe.instruments
        if other_instrument(workspace.root.symbol(entry.symbol), entry)
    ]
    return [
        Check("blocked", "wrong" if reasons else "ok", _counted(reasons), remedy),
        Check("stale", "wrong" if stale else "ok", _counted(stale), _SEE_LATE),
        Check("other instrument", "wrong" if other else "ok", _counted(other), _SEE_OTHER),
        _board_row(outdated),
    ]


def _board_row(outdated: Sequence[str]) -> Check:
    if not outdated:
        return Check("board", "ok", "up to date")
    # not an error while a run is active: it updates the board at its end
    text = f"out of date for {len(outdated)} symbols until the next run ends"
    return Check("board", "note", f"{text}: {'; '.join(outdated)}")


def _resources(settings: Settings, workspace: RunWorkspace, now: dt.datetime) -> Sequence[Check]:
    """Disk space and credits left; reads the size of every file."""
    disk = disk_budget(workspace, now)
    sizes = (disk.symbols_bytes, disk.dagster_bytes, disk.free_bytes, disk.bytes_a_year)
    symbols, dagster, free, yearly = (f"{size / 1e9:.2f} GB" for size in sizes)
    left = "" if disk.days_left is None else f", {disk.days_left:,} days left"
    text = f"symbols {symbols}, Dagster {dagster}, free {free}; growth {yearly} a year{left}"
    is_short = disk.days_left is not None and disk.days_left < 60
    credit = [
        check._replace(detail=check.text(), remedy="") for check in credit_checks(settings, now)
    ]
    return [Check("disk", "wrong" if is_short else "ok", text), *credit]


def _space(workspace: RunWorkspace) -> Sequence[Check]:
    """The free space of the disk; reads no file."""
    free = shutil.disk_usage(workspace.root.path).free
    text = f"{free / 1e9:.2f} GB free"
    if free < _LITTLE_SPACE:
        return [Check("disk", "wrong", f"{text}; free space or move the data root")]
    return [Check("disk", "ok", text)]


def _blocked_remedy(symbols: Sequence[str]) -> str:
    """What to do about blocked symbols, with the command for the first of them."""
    named = " ".join(symbols[:_SHOWN]) or "--all"
    return f"correct the source or override the bars, then `regime run {named}`"


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)}: {'; '.join(names)}" if names else "none"
