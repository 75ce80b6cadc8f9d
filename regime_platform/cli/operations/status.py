"""`regime status`: runs, passes, blocked symbols and space, for operators and monitors."""

import datetime as dt
import shutil
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from regime_platform.cli.console.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.cli.console.options import Json, Now
from regime_platform.errors import RegimeError

if TYPE_CHECKING:
    from regime_platform.orchestration.events.overview import Overview
    from regime_platform.pipeline.run_workspace import RunWorkspace
    from regime_platform.settings import Settings

_ALIVE = 180.0  # seconds; a daemon gives a sign of life every 30
_HANGS = 1800.0  # seconds; longer than any evaluation or start takes
_LITTLE_SPACE = 2 * 1024**3  # bytes


class Row(NamedTuple):
    """The result of one check."""

    name: str
    status: str  # ok, note, wrong (shown as error)
    detail: str
    remedy: str = ""  # where ``detail`` does not end with it
    is_fatal: bool = False  # nothing runs, or the state cannot be read


_NOT_RUNNING = "not running: nothing is fetched; see docs/operations.md, daemon"
NO_DAEMON = Row("daemon", "wrong", _NOT_RUNNING, is_fatal=True)
_SEE_RUN = "its run in the UI names symbols, reasons and remedies"
_SEE_OTHER = "`regime universe check` shows both instruments and what to do"
_SEE_LATE = "see docs/operations.md, Series lack bars"
_SHOWN = 10  # symbols per row; `--json` has all
_COLUMNS = ("check", "status", "detail")


def status(
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
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Show active runs, the last passes, blocked symbols and what is left to do."""
    from regime_platform.cli.console.clock import moment
    from regime_platform.cli.console.screen import print_json, print_table, styled
    from regime_platform.settings import Settings

    settings, at = Settings(), moment(now)
    if check:
        _print_problems(_monitor_rows(settings, at), as_json=as_json)
    rows = _all_rows(settings, at, with_stale_code=stale_code)
    is_well = all(row.status != "wrong" for row in rows)
    if as_json:
        documents = [
            {"what": _json_name(row), "status": row.status, "found": row.detail} for row in rows
        ]
        print_json({"is_well": is_well, "rows": documents})
    else:
        cells = [(row.name, styled(row.status), _shown(row)) for row in rows]
        print_table(_COLUMNS, cells, folding=("detail",))
    raise typer.Exit(ALL_GOOD if is_well else NOTHING_SUCCEEDED)


def _all_rows(settings: "Settings", now: dt.datetime, *, with_stale_code: bool) -> list[Row]:
    from regime_platform.pipeline.run_workspace import RunWorkspace

    workspace = RunWorkspace.open(settings)
    code = [("stale code", lambda: _stale_code_rows(workspace))] if with_stale_code else []
    return [
        *(row for name, check in code for row in _checked(name, check)),
        *_checked("daemon", lambda: _daemon_rows(settings, now)),
        *_checked("board", lambda: _symbol_rows(workspace, now)),
        *_checked("disk", lambda: _resource_rows(settings, workspace, now)),
    ]


def _monitor_rows(settings: "Settings", now: dt.datetime) -> list[Row]:
    """The rows that need no look at every file; creates no folder."""
    from regime_platform.pipeline.run_workspace import RunWorkspace

    root = settings.root_folder
    if not root.is_dir():
        text = f"{root} is no folder; mount it or set REGIME_DATA_ROOT"
        return [Row("data root", "wrong", text, is_fatal=True)]

    def symbols() -> Sequence[Row]:
        workspace = RunWorkspace.open(settings)
        return [*_symbol_rows(workspace, now), *_space_rows(workspace)]

    def daemon() -> Sequence[Row]:
        if not (root / "dagster" / "storage").exists():  # opening it would create it
            return [NO_DAEMON]
        return _daemon_rows(settings, now)

    return [*_checked("daemon", daemon), *_checked("symbols", symbols)]


def _print_problems(rows: Sequence[Row], *, as_json: bool) -> None:
    from regime_platform.cli.console.screen import print_json, results

    problems = [row for row in rows if row.status == "wrong"]
    code = SOME_FAILED if problems else ALL_GOOD
    if any(row.is_fatal for row in problems):
        code = NOTHING_SUCCEEDED
    if as_json:
        documents = [
            {"what": _json_name(row), "problem": row.detail, "remedy": row.remedy}
            for row in problems
        ]
        print_json({"exit_code": code, "problems": documents})
    else:
        lines = [f"{row.name}: {_shown(row)}" for row in problems]
        for line in lines or ["healthy"]:
            results().print(line, soft_wrap=True)
    raise typer.Exit(code)


def _json_name(row: Row) -> str:
    return {"blocked": "held back"}.get(row.name, row.name)  # as scripts know it


def _shown(row: Row) -> str:
    remedy = f"; {row.remedy}" if row.status == "wrong" and row.remedy else ""
    return _short(row.detail) + remedy


def _short(text: str) -> str:
    parts = text.split("; ")
    more = f"; and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    return "; ".join(parts[:_SHOWN]) + more


def _checked(name: str, check: Callable[[], Sequence[Row]]) -> Sequence[Row]:
    """The rows of one check, or a row with the reason why it failed."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - the other checks must still run
        expected = isinstance(error, RegimeError | OSError)
        reason = str(error) if expected else f"unexpected {type(error).__name__}: {error}"
        return [Row(name, "wrong", f"cannot be read: {reason}", is_fatal=True)]


def _stale_code_rows(workspace: "RunWorkspace") -> Sequence[Row]:
    """Results that a forced run would change, because other code computed them."""
    from regime_platform.pipeline.compute.stale_code import stale_results

    stale = list(stale_results(workspace))
    if not stale:
        return [Row("stale code", "ok", "all results were computed by the installed code")]
    parts = sorted({part for result in stale for part in result.differs})
    symbols = " ".join(result.symbol for result in stale)
    text = f"{len(stale)} symbols, other {', '.join(parts)}; `regime compute --force`: {symbols}"
    return [Row("stale code", "note", text)]


def _daemon_rows(settings: "Settings", now: dt.datetime) -> Sequence[Row]:
    """The daemon, the last passes and the runs that failed."""
    from regime_platform.orchestration.events.overview import overview
    from regime_platform.orchestration.instance.history import require_sound_history

    require_sound_history(settings)
    state = overview(settings, now)
    rows = [_daemon(settings, state, now)]
    rows.append(Row("runs", "ok", f"{state.working} active, {state.waiting} queued"))
    for last in state.passes:
        ended = (
            "" if last.ended is None else f" {last.ended:%Y-%m-%d %H:%M} UTC, {last.seconds:.0f} s"
        )
        status = {"success": "ok", "never": "note"}.get(last.status, "wrong")
        rows.append(Row(last.job, status, f"{last.status}{ended}", _SEE_RUN))
    if state.failed:
        text = ", ".join(f"{run.job} {run.run[:8]}" for run in state.failed)
        rows.append(Row("failed runs of a day", "wrong", text, _SEE_RUN))
    return rows


def _daemon(settings: "Settings", state: "Overview", now: dt.datetime) -> Row:
    from regime_platform.cli.operations.service import daemon_running_for

    running = daemon_running_for(settings, now)
    youngest = min(state.beats.values(), default=None)
    silent = [name.lower() for name, age in state.beats.items() if age > _HANGS]
    if running is not None and running > _HANGS and silent:
        text = f"no sign of life of {', '.join(silent)} for half an hour; restart the daemon"
        return Row("daemon", "wrong", text, is_fatal=True)
    if youngest is not None and youngest < _ALIVE:
        return Row("daemon", "ok", f"alive {youngest:.0f} s ago")
    if running is not None:
        return Row("daemon", "note", "starting, or busy with a long evaluation")
    return NO_DAEMON


def _symbol_rows(workspace: "RunWorkspace", now: dt.datetime) -> Sequence[Row]:
    """Symbols blocked in the last run, late series and rows of the board that are out of date.

    Raises:
        ResultsError: the board is damaged.
    """
    from regime_platform.compute_db.board import read_board
    from regime_platform.operations.staleness import stale_series
    from regime_platform.pipeline.board_check import is_outdated, shown_rows
    from regime_platform.pipeline.identity import other_instrument

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
        Row("blocked", "wrong" if reasons else "ok", _counted(reasons), remedy),
        Row("stale", "wrong" if stale else "ok", _counted(stale), _SEE_LATE),
        Row("other instrument", "wrong" if other else "ok", _counted(other), _SEE_OTHER),
        _board_row(outdated),
    ]


def _board_row(outdated: Sequence[str]) -> Row:
    if not outdated:
        return Row("board", "ok", "up to date")
    # not an error while a run is active: it updates the board at its end
    text = f"out of date for {len(outdated)} symbols until the next run ends"
    return Row("board", "note", f"{text}: {'; '.join(outdated)}")


def _resource_rows(
    settings: "Settings", workspace: "RunWorkspace", now: dt.datetime
) -> Sequence[Row]:
    """Disk space and credits left; reads the size of every file."""
    from regime_platform.cli.operations.vendor_health import credit_checks
    from regime_platform.operations.disk_budget import disk_budget

    disk = disk_budget(workspace, now)
    sizes = (disk.symbols_bytes, disk.dagster_bytes, disk.free_bytes, disk.bytes_a_year)
    symbols, dagster, free, yearly = (f"{size / 1e9:.2f} GB" for size in sizes)
    left = "" if disk.days_left is None else f", {disk.days_left:,} days left"
    text = f"symbols {symbols}, Dagster {dagster}, free {free}; growth {yearly} a year{left}"
    is_short = disk.days_left is not None and disk.days_left < 60
    credit = [Row(check.name, check.status, check.text()) for check in credit_checks(settings, now)]
    return [Row("disk", "wrong" if is_short else "ok", text), *credit]


def _space_rows(workspace: "RunWorkspace") -> Sequence[Row]:
    """The free space of the disk; reads no file."""
    free = shutil.disk_usage(workspace.root.path).free
    text = f"{free / 1e9:.2f} GB free"
    if free < _LITTLE_SPACE:
        return [Row("disk", "wrong", f"{text}; free space or move the data root")]
    return [Row("disk", "ok", text)]


def _blocked_remedy(symbols: Sequence[str]) -> str:
    """What to do about blocked symbols, with the command for the first of them."""
    named = " ".join(symbols[:_SHOWN]) or "--all"
    return f"correct the source or override the bars, then `regime run {named}`"


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)}: {'; '.join(names)}" if names else "none"
