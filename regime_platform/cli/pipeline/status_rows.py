"""The checks of `regime status`; damage in one part does not stop the others."""

import datetime as dt
import shutil
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from regime_platform.errors import RegimeError

if TYPE_CHECKING:
    from regime_platform.orchestration.events.overview import Overview
    from regime_platform.pipeline.platform import RunWorkspace
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
_SEE_REASON = "correct the source or override the bars, then `regime run SYMBOL`"
_SEE_OTHER = "`regime universe check` shows both instruments and what to do"
_SEE_LATE = "see docs/operations.md, Series lack bars"


def checked(name: str, check: Callable[[], Sequence[Row]]) -> Sequence[Row]:
    """The rows of one check, or a row with the reason why it failed."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - the other checks must still run
        expected = isinstance(error, RegimeError | OSError)
        reason = str(error) if expected else f"unexpected {type(error).__name__}: {error}"
        return [Row(name, "wrong", f"cannot be read: {reason}", is_fatal=True)]


def stale_code(workspace: "RunWorkspace") -> Sequence[Row]:
    """Results that a forced run would change, because other code computed them."""
    from regime_platform.pipeline.compute.stale_code import stale_results

    stale = list(stale_results(workspace))
    if not stale:
        return [Row("stale code", "ok", "all results were computed by the installed code")]
    parts = sorted({part for result in stale for part in result.differs})
    symbols = " ".join(result.symbol for result in stale)
    text = f"{len(stale)} symbols, other {', '.join(parts)}; `regime compute --force`: {symbols}"
    return [Row("stale code", "note", text)]


def daemon_rows(settings: "Settings", now: dt.datetime) -> Sequence[Row]:
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
    from regime_platform.cli.operations.daemon_lock import daemon_running_for

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


def symbol_rows(workspace: "RunWorkspace", now: dt.datetime) -> Sequence[Row]:
    """Symbols blocked in the last run, late series and rows of the board that are out of date.

    Raises:
        ResultsError: the board is damaged.
    """
    from regime_platform.compute_db.board import read_board
    from regime_platform.operations.staleness import stale_series
    from regime_platform.pipeline.board_check import is_outdated, shown_rows
    from regime_platform.pipeline.identity import other_instrument

    board = read_board(workspace.root)
    blocked = board.select("symbol", "held_back").unique(maintain_order=True)
    reasons = [f"{symbol} {reason}" for symbol, reason in blocked.iter_rows() if reason]
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
        if other_instrument(workspace.root, entry)
    ]
    return [
        Row("blocked", "wrong" if reasons else "ok", _counted(reasons), _SEE_REASON),
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


def means_rows(settings: "Settings", workspace: "RunWorkspace", now: dt.datetime) -> Sequence[Row]:
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


def space_rows(workspace: "RunWorkspace") -> Sequence[Row]:
    """The free space of the disk; reads no file."""
    free = shutil.disk_usage(workspace.root.path).free
    text = f"{free / 1e9:.2f} GB free"
    if free < _LITTLE_SPACE:
        return [Row("disk", "wrong", f"{text}; free space or move the data root")]
    return [Row("disk", "ok", text)]


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)}: {'; '.join(names)}" if names else "none"
