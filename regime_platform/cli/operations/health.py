"""The checks of `regime doctor`; each writes nothing and reports damage as a result."""

import os
from collections import Counter
from pathlib import Path

import polars as pl

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.locks import holder_of, is_locked
from regime_platform.cli.operations.version import known_versions
from regime_platform.compute_db.board import read_board
from regime_platform.errors import RegimeError
from regime_platform.kernel_cache import kernel_cache
from regime_platform.model.calendar.sessions import KNOWN, UNPLANNED_CLOSURES, sessions
from regime_platform.operations.backup.restore import RESTORE_MARKER
from regime_platform.orchestration.instance.history import damaged_databases, history_folder
from regime_platform.orchestration.status.check import (
    Check,
    CheckFunction,
    CheckStatus,
    free_space,
    run_checks,
)
from regime_platform.pipeline.board import differing
from regime_platform.query.board import series_board
from regime_platform.redaction import redact
from regime_platform.settings import Settings, load_universe
from regime_platform.sources.files.finding import require_root
from regime_platform.sources.files.source import FilesSource
from regime_platform.sources.protocol import MarketSource
from regime_platform.sources.registry import build_sources

_MOST_NAMED = 10  # symbols in one finding


def installation_checks(settings: Settings) -> list[Check]:
    """Versions, settings, data root, universe, sources, kernels, locks, history and board."""
    return run_checks(settings, _CHECKS)


def _versions(_: Settings) -> list[Check]:
    versions = ", ".join(f"{name} {text}" for name, text in known_versions().items())
    return [Check("versions", "ok", versions)]


def _data_root(settings: Settings) -> list[Check]:
    root = settings.root_folder
    nearest = next(path for path in (root, *root.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        remedy = "choose another with REGIME_DATA_ROOT or change its owner"
        return [Check("data root", "error", f"{root} cannot be written", remedy)]
    if (root / RESTORE_MARKER).exists():
        remedy = "repeat `regime restore` with the same backup"
        return [Check("data root", "error", f"{root} is partly restored", remedy)]
    made = "" if root.exists() else " (created by the first run)"
    return [Check("data root", "ok", f"{root}{made}"), free_space(root)]


def _universe(settings: Settings) -> list[Check]:
    universe = load_universe(settings)
    tiers = Counter(instrument.tier for instrument in universe.instruments)
    counts = ", ".join(f"{number} {tier}" for tier, number in tiers.items()) or "no symbols"
    return [Check("universe", "ok", f"{settings.universe_file()}: {counts}")]


def _settings(settings: Settings) -> list[Check]:
    # the key is a SecretStr, whose text is asterisks
    given = settings.model_dump(mode="json", exclude_unset=True)
    values = redact(", ".join(f"{name} {value}" for name, value in sorted(given.items())))
    return [Check("settings", "ok", values or "defaults"), *_open_secrets(settings)]


def _open_secrets(settings: Settings) -> list[Check]:
    """Whether other users can read the keys in ``.env``."""
    path = Path(".env").absolute()
    has_none = settings == settings.without_secrets() or not path.exists()
    if has_none or not path.stat().st_mode & 0o077:
        return []
    return [Check("settings", "note", f"other users can use {path}", f"`chmod 600 {path}`")]


def _calendars(settings: Settings) -> list[Check]:
    instruments = load_universe(settings).instruments
    used = {instrument.market.calendar for instrument in instruments}
    ranges = []
    for calendar in sorted(used):
        known = sessions(calendar).filter(kind=KNOWN)["date"]
        closures = len(UNPLANNED_CLOSURES.get(calendar, ()))
        ranges.append(f"{calendar} {known[0]} to {known[-1]}, {closures} unplanned closures")
    return [Check("calendars", "ok", "; ".join(ranges))]


def _sources(settings: Settings) -> list[Check]:
    instruments = load_universe(settings).instruments
    wanted = Counter(instrument.source for instrument in instruments)
    sources = build_sources(settings)
    checked = []
    for name in sources:
        used = f"{wanted[name]} symbols" if wanted[name] else "no symbols"
        try:
            source = sources[name]
            own = [each for each in instruments if each.source == name]
            if name == FilesSource.name:
                require_root(settings.files_root, own)
            if isinstance(source, MarketSource):
                for venue in sorted({each.venue for each in own}):
                    source.require_venue(venue)
        except RegimeError as error:
            status: CheckStatus = "error" if wanted[name] else "note"
            checked.append(Check(f"source {name}", status, f"{used}; {error}"))
        else:
            checked.append(Check(f"source {name}", "ok", used))
    return checked


def _kernels(_: Settings) -> list[Check]:
    cache = kernel_cache()
    if cache.problem:
        remedy = "make the folder writable or set NUMBA_CACHE_DIR"
        return [Check("kernels", "error", cache.problem, remedy)]
    if not cache.is_complete():
        remedy = "`regime warm` compiles them, as does the first command that computes"
        return [Check("kernels", "note", "not compiled on this machine yet", remedy)]
    return [Check("kernels", "ok", f"compiled in {cache.folder}")]


def _locks(settings: Settings) -> list[Check]:
    root = DataRoot(settings.root_folder)
    paths = (root.symbol(symbol).lock for symbol in load_universe(settings).symbols)
    locked = [path for path in paths if is_locked(path)]
    if not locked:
        return [Check("locks", "ok", "no active locks")]
    owners = ", ".join(f"{path.parent.name} by {holder_of(path)}" for path in locked[:5])
    remedy = "they are released when their processes end"
    return [Check("locks", "note", f"{len(locked)} active: {owners}", remedy)]


def _history(settings: Settings) -> list[Check]:
    damaged = damaged_databases(history_folder(settings), with_runs=True)
    if not damaged:
        return [Check("Dagster's history", "ok", "all databases are readable")]
    files = ", ".join(f"{path} ({problem})" for path, problem in damaged.items())
    remedy = "stop daemon and webserver, then `regime service reset-history`"
    return [Check("Dagster's history", "error", files, remedy)]


def _board(settings: Settings) -> list[Check]:
    rows = series_board(where=settings)
    outdated = _outdated_rows(settings)
    if rows.is_empty() and not outdated:
        remedy = "`regime run --all` fetches and computes"
        return [Check("board", "note", "no results yet", remedy)]
    newest = rows.select(pl.col("last_ts").max().dt.strftime("%Y-%m-%d %H:%M")).item()
    symbols = rows["symbol"].n_unique()
    faults = [*_failed_symbols(rows), *outdated]
    return faults or [Check("board", "ok", f"{symbols} symbols, newest bar {newest} UTC")]


def _failed_symbols(rows: pl.DataFrame) -> list[Check]:
    failed = rows.filter(pl.col("status") == "failed").unique("symbol", maintain_order=True)
    named = [
        f"{symbol}: {reason}" for symbol, reason in failed.select("symbol", "reason").iter_rows()
    ]
    return [Check("results", "error", reason) for reason in _first(named)]


def _outdated_rows(settings: Settings) -> list[Check]:
    root = DataRoot(settings.root_folder)
    symbols = differing(root, load_universe(settings).instruments, read_board(root))
    if not symbols:
        return []
    reason = f"out of date for {len(symbols)} symbols: {', '.join(_first(symbols))}"
    remedy = f"any run updates their rows, for example `regime promote {symbols[0]}`"
    return [Check("board", "note", reason, remedy)]  # as `regime status` has it


def _first(names: list[str]) -> list[str]:
    more = len(names) - _MOST_NAMED
    return [*names[:_MOST_NAMED], f"and {more} more"] if more > 0 else names


_CHECKS: tuple[CheckFunction, ...] = (
    _versions,
    _settings,
    _data_root,
    _universe,
    _calendars,
    _sources,
    _kernels,
    _locks,
    _history,
    _board,
)
