"""The command that an operator looks at once a day: what runs, what failed and why."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED
from regime_platform.cli.options import Json, Now

if TYPE_CHECKING:
    from regime_platform.pipeline.platform import Platform
    from regime_platform.settings import Settings

_ALIVE = 180.0  # seconds; a daemon gives a sign of life every 30
_SHOWN = 10  # symbols per row; `--json` has all

Row = tuple[str, str, str]


def status(
    stale_code: Annotated[
        bool, typer.Option("--stale-code", help="Also whose results other code made; `--force`s.")
    ] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Tell what runs, what the last passes did, who is held back, and how much is left."""
    from regime_platform.cli.clock import moment
    from regime_platform.cli.screen import print_json, print_table, styled
    from regime_platform.pipeline.platform import open_platform
    from regime_platform.settings import Settings

    settings, at = Settings(), moment(now)
    platform = open_platform(settings)
    rows = [*(_stale_code(platform) if stale_code else ()), *_dagster(settings, at)]
    rows += [*_symbols(platform, at), *_means(settings, platform, at)]
    is_well = all(row[1] != "wrong" for row in rows)
    if as_json:
        print_json(
            {"is_well": is_well, "rows": [dict(zip(_COLUMNS, row, strict=True)) for row in rows]}
        )
    else:
        print_table(_COLUMNS, [(a, styled(b), _short(c)) for a, b, c in rows], folding=("found",))
    raise typer.Exit(ALL_GOOD if is_well else NOTHING_SUCCEEDED)


def _stale_code(platform: "Platform") -> list[Row]:
    from regime_platform.pipeline.stale_code import stale_results

    found = list(stale_results(platform))
    if not found:
        return [("stale code", "ok", "all results are what a forced run would make")]
    parts = sorted({part for one in found for part in one.differs})
    symbols = " ".join(one.symbol for one in found)
    told = f"{len(found)} symbols, other {', '.join(parts)}; `regime compute --force`: {symbols}"
    return [("stale code", "note", told)]


def _dagster(settings: "Settings", now: dt.datetime) -> list[Row]:
    from regime_platform.cli.daemon_lock import is_daemon_running
    from regime_platform.orchestration.overview import overview

    seen = overview(settings, now)
    youngest = min(seen.beats.values(), default=None)
    if youngest is not None and youngest < _ALIVE:
        daemon = ("ok", f"alive {youngest:.0f} s ago")
    elif is_daemon_running(settings):
        daemon = ("note", "starting, or busy with a long evaluation")
    else:
        daemon = ("wrong", "not running: nothing is fetched; see docs/operations.md, daemon")
    rows = [("daemon", *daemon), ("runs", "ok", f"{seen.working} at work, {seen.waiting} queued")]
    for one in seen.passes:
        when = "" if one.ended is None else f" {one.ended:%Y-%m-%d %H:%M} UTC, {one.seconds:.0f} s"
        word = {"success": "ok", "never": "note"}.get(one.status, "wrong")
        rows.append((one.job, word, f"{one.status}{when}"))
    if seen.failed:
        told = ", ".join(f"{one.job} {one.run[:8]}" for one in seen.failed)
        rows.append(("failed runs of a day", "wrong", told))
    return rows


def _symbols(platform: "Platform", now: dt.datetime) -> list[Row]:
    from regime_platform.compute_db.board import read_board
    from regime_platform.pipeline.identity import other_instrument
    from regime_platform.pipeline.staleness import stale_series

    held = read_board(platform.root).select("symbol", "held_back").unique(maintain_order=True)
    reasons = [f"{symbol} {reason}" for symbol, reason in held.iter_rows() if reason]
    stale = [f"{one.symbol} {one.timeframe}" for one in stale_series(platform, now)]
    entries = platform.universe.instruments
    other = [one.symbol for one in entries if other_instrument(platform.root, one)]
    remedy = "; `regime universe check` shows both instruments" if other else ""
    return [
        ("held back", "wrong" if reasons else "ok", _counted(reasons)),
        ("stale", "wrong" if stale else "ok", _counted(stale)),
        ("other instrument", "wrong" if other else "ok", _counted(other) + remedy),
    ]


def _means(settings: "Settings", platform: "Platform", now: dt.datetime) -> list[Row]:
    from regime_platform.cli.vendor_health import credit_findings
    from regime_platform.pipeline.disk_budget import disk_budget

    disk = disk_budget(platform, now)
    sizes = (disk.symbols_bytes, disk.dagster_bytes, disk.free_bytes, disk.bytes_a_year)
    symbols, dagster, free, yearly = (f"{one / 1e9:.2f} GB" for one in sizes)
    left = "" if disk.days_left is None else f", enough for {disk.days_left:,} days"
    told = f"symbols {symbols}, Dagster {dagster}, free {free}; {yearly} a year to come{left}"
    is_short = disk.days_left is not None and disk.days_left < 60
    credit = [(one.name, one.status, one.told()) for one in credit_findings(settings, now)]
    return [("disk", "wrong" if is_short else "ok", told), *credit]


def _counted(names: list[str]) -> str:
    return f"{len(names)}: {'; '.join(names)}" if names else "none"


def _short(told: str) -> str:
    parts = told.split("; ")
    more = f"; and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    return "; ".join(parts[:_SHOWN]) + more


_COLUMNS: tuple[Any, ...] = ("what", "status", "found")
