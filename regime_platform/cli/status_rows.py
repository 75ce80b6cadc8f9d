"""What `regime status` looks at, one part after the other; damage in one part ends no other."""

import datetime as dt
import shutil
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from regime_platform.errors import RegimeError

if TYPE_CHECKING:
    from regime_platform.orchestration.overview import Overview
    from regime_platform.pipeline.platform import Platform
    from regime_platform.settings import Settings

_ALIVE = 180.0  # seconds; a daemon gives a sign of life every 30
_HANGS = 1800.0  # seconds; longer than any evaluation or start takes
_LITTLE_SPACE = 2 * 1024**3  # bytes


class Row(NamedTuple):
    """One thing that was looked at."""

    what: str
    status: str  # ok, note, wrong
    found: str
    remedy: str = ""  # where the text of ``found`` does not end with it
    is_fatal: bool = False  # nothing runs, or nothing is known: the exit code says so


_NOT_RUNNING = "not running: nothing is fetched; see docs/operations.md, daemon"
NO_DAEMON = Row("daemon", "wrong", _NOT_RUNNING, is_fatal=True)
_SEE_RUN = "its run in the UI names symbols, reasons and remedies"
_SEE_REASON = "correct the source or decide about the bars, then `regime run SYMBOL`"
_SEE_OTHER = "`regime universe check` shows both instruments and what to do"
_SEE_LATE = "look for the cause in the order of docs/operations.md, Series lack bars"


def looked_at(what: str, look: Callable[[], Sequence[Row]]) -> Sequence[Row]:
    """The rows of one part, or one that says why it cannot be looked at."""
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - the other parts are wanted all the more then
        expected = isinstance(error, RegimeError | OSError)
        reason = str(error) if expected else f"unexpected {type(error).__name__}: {error}"
        return [Row(what, "wrong", f"cannot be read: {reason}", is_fatal=True)]


def stale_code(platform: "Platform") -> Sequence[Row]:
    """Results that a forced run would make otherwise."""
    from regime_platform.pipeline.stale_code import stale_results

    stale = list(stale_results(platform))
    if not stale:
        return [Row("stale code", "ok", "all results are what a forced run would make")]
    parts = sorted({part for one in stale for part in one.differs})
    symbols = " ".join(one.symbol for one in stale)
    text = f"{len(stale)} symbols, other {', '.join(parts)}; `regime compute --force`: {symbols}"
    return [Row("stale code", "note", text)]


def daemon_rows(settings: "Settings", now: dt.datetime) -> Sequence[Row]:
    """The daemon, the last passes and the runs that failed."""
    from regime_platform.orchestration.history import require_sound_history
    from regime_platform.orchestration.overview import overview

    require_sound_history(settings)
    seen = overview(settings, now)
    rows = [_daemon(settings, seen, now)]
    rows.append(Row("runs", "ok", f"{seen.working} at work, {seen.waiting} queued"))
    for one in seen.passes:
        when = "" if one.ended is None else f" {one.ended:%Y-%m-%d %H:%M} UTC, {one.seconds:.0f} s"
        word = {"success": "ok", "never": "note"}.get(one.status, "wrong")
        rows.append(Row(one.job, word, f"{one.status}{when}", _SEE_RUN))
    if seen.failed:
        text = ", ".join(f"{one.job} {one.run[:8]}" for one in seen.failed)
        rows.append(Row("failed runs of a day", "wrong", text, _SEE_RUN))
    return rows


def _daemon(settings: "Settings", seen: "Overview", now: dt.datetime) -> Row:
    from regime_platform.cli.daemon_lock import daemon_running_for

    running = daemon_running_for(settings, now)
    youngest = min(seen.beats.values(), default=None)
    silent = [name.lower() for name, age in seen.beats.items() if age > _HANGS]
    if running is not None and running > _HANGS and silent:
        text = f"no sign of life of {', '.join(silent)} for half an hour; restart the daemon"
        return Row("daemon", "wrong", text, is_fatal=True)
    if youngest is not None and youngest < _ALIVE:
        return Row("daemon", "ok", f"alive {youngest:.0f} s ago")
    if running is not None:
        return Row("daemon", "note", "starting, or busy with a long evaluation")
    return NO_DAEMON


def symbol_rows(platform: "Platform", now: dt.datetime) -> Sequence[Row]:
    """Symbols that the last run left behind, late series, and rows of the board to be made again.

    Raises:
        ResultsError: the board is damaged.
    """
    from regime_platform.compute_db.board import read_board
    from regime_platform.pipeline.board_check import is_outdated, shown_rows
    from regime_platform.pipeline.identity import other_instrument
    from regime_platform.pipeline.staleness import stale_series

    board = read_board(platform.root)
    blocked = board.select("symbol", "held_back").unique(maintain_order=True)
    reasons = [f"{symbol} {reason}" for symbol, reason in blocked.iter_rows() if reason]
    stale = [f"{one.symbol} {one.timeframe}" for one in stale_series(platform, now)]
    shown = shown_rows(board)
    outdated = [
        one.symbol
        for one in platform.universe.instruments
        if is_outdated(platform.root, one, shown.get(one.symbol))
    ]
    other = [
        entry.symbol
        for entry in platform.universe.instruments
        if other_instrument(platform.root, entry)
    ]
    return [
        Row("held back", "wrong" if reasons else "ok", _counted(reasons), _SEE_REASON),
        Row("stale", "wrong" if stale else "ok", _counted(stale), _SEE_LATE),
        Row("other instrument", "wrong" if other else "ok", _counted(other), _SEE_OTHER),
        _board_row(outdated),
    ]


def _board_row(outdated: Sequence[str]) -> Row:
    if not outdated:
        return Row("board", "ok", "shows the results of all symbols")
    # while a run is at work this is no fault: it brings the board up to date at its end
    text = f"behind the results of {len(outdated)} symbols until the next run ends"
    return Row("board", "note", f"{text}: {'; '.join(outdated)}")


def means_rows(settings: "Settings", platform: "Platform", now: dt.datetime) -> Sequence[Row]:
    """What is left of disk and credits; looks at every file."""
    from regime_platform.cli.vendor_health import credit_findings
    from regime_platform.pipeline.disk_budget import disk_budget

    disk = disk_budget(platform, now)
    sizes = (disk.symbols_bytes, disk.dagster_bytes, disk.free_bytes, disk.bytes_a_year)
    symbols, dagster, free, yearly = (f"{one / 1e9:.2f} GB" for one in sizes)
    left = "" if disk.days_left is None else f", enough for {disk.days_left:,} days"
    text = f"symbols {symbols}, Dagster {dagster}, free {free}; {yearly} a year to come{left}"
    is_short = disk.days_left is not None and disk.days_left < 60
    credit = [Row(one.name, one.status, one.told()) for one in credit_findings(settings, now)]
    return [Row("disk", "wrong" if is_short else "ok", text), *credit]


def space_rows(platform: "Platform") -> Sequence[Row]:
    """What is free on the disk; looks at no file."""
    free = shutil.disk_usage(platform.root.path).free
    text = f"{free / 1e9:.2f} GB free"
    if free < _LITTLE_SPACE:
        return [Row("disk", "wrong", f"{text}; make room, or move the data root")]
    return [Row("disk", "ok", text)]


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)}: {'; '.join(names)}" if names else "none"
