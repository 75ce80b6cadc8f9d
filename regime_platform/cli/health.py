"""The checks of `regime doctor`: each looks at one thing, writes nothing and never raises."""

import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from regime_platform.bars.layout import DataRoot
from regime_platform.cli.versions import known_versions
from regime_platform.errors import RegimeError
from regime_platform.pipeline.restoring import RESTORE_MARKER
from regime_platform.redaction import redact
from regime_platform.settings import Settings, load_universe

_LITTLE_SPACE = 2 * 1024**3
_MOST_NAMED = 10  # symbols in one finding


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    name: str
    status: str  # ok, note, wrong
    detail: str
    remedy: str = ""

    def told(self) -> str:
        """The finding as one line."""
        return f"{self.detail}; {self.remedy}" if self.remedy else self.detail


Check = Callable[[Settings], list[Finding]]


def findings(settings: Settings) -> list[Finding]:
    """All checks, in the order in which things depend on one another."""
    return looked_at(settings, _CHECKS)


def looked_at(settings: Settings, checks: Sequence[Check]) -> list[Finding]:
    """What each of ``checks`` found; one that cannot look says why."""
    found: list[Finding] = []
    for check in checks:
        try:
            found.extend(check(settings))
        except Exception as error:  # noqa: BLE001 - damage in one place ends no other check
            expected = isinstance(error, RegimeError | OSError)
            reason = str(error) if expected else f"unexpected {type(error).__name__}: {error}"
            found.append(Finding(check.__name__.strip("_").replace("_", " "), "wrong", reason))
    return found


def _versions(settings: Settings) -> list[Finding]:
    del settings
    told = ", ".join(f"{name} {text}" for name, text in known_versions().items())
    return [Finding("versions", "ok", told)]


def _data_root(settings: Settings) -> list[Finding]:
    root = settings.data_root.expanduser().absolute()
    nearest = next(path for path in (root, *root.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        remedy = "choose another with REGIME_DATA_ROOT or change its owner"
        return [Finding("data root", "wrong", f"{root} cannot be written", remedy)]
    if (root / RESTORE_MARKER).exists():
        remedy = "start `regime restore` with the same backup again, which goes on"
        return [Finding("data root", "wrong", f"{root} is half restored", remedy)]
    made = "" if root.exists() else " (made by the first run)"
    free = shutil.disk_usage(nearest).free
    told = f"{free / 1024**3:.1f} GB free"
    space = Finding("disk", "ok", told)
    if free < _LITTLE_SPACE:
        space = Finding("disk", "note", told, "a core symbol with full history takes about 0.1 GB")
    return [Finding("data root", "ok", f"{root}{made}"), space]


def _universe(settings: Settings) -> list[Finding]:
    universe = load_universe(settings)
    tiers = Counter(one.tier for one in universe.instruments)
    told = ", ".join(f"{number} {tier}" for tier, number in tiers.items()) or "no symbol"
    return [Finding("universe", "ok", f"{settings.universe_file()}: {told}")]


def _settings(settings: Settings) -> list[Finding]:
    # the key is a SecretStr, whose text is asterisks
    given = settings.model_dump(mode="json", exclude_unset=True)
    told = redact(", ".join(f"{name} {value}" for name, value in sorted(given.items())))
    return [Finding("settings", "ok", told or "all by default")]


def _calendars(settings: Settings) -> list[Finding]:
    from regime_platform.model.asset_classes import ASSET_CLASSES
    from regime_platform.model.trading_sessions import UNPLANNED_CLOSURES, sessions

    used = {ASSET_CLASSES[one.asset_class].calendar for one in load_universe(settings).instruments}
    told = []
    for calendar in sorted(used):
        known = sessions(calendar)["date"]
        closures = len(UNPLANNED_CLOSURES.get(calendar, ()))
        told.append(f"{calendar} {known[0]} to {known[-1]}, {closures} unplanned closures")
    return [Finding("calendars", "ok", "; ".join(told))]


def _sources(settings: Settings) -> list[Finding]:
    from regime_platform.sources.registry import build_sources

    wanted = Counter(one.source for one in load_universe(settings).instruments)
    sources = build_sources(settings)
    found = []
    for name in sources:
        used = f"{wanted[name]} symbols" if wanted[name] else "no symbol uses it"
        try:
            sources[name]
        except RegimeError as error:
            status = "wrong" if wanted[name] else "note"
            found.append(Finding(f"source {name}", status, f"{used}; {error}"))
        else:
            found.append(Finding(f"source {name}", "ok", used))
    return found


def _kernels(settings: Settings) -> list[Finding]:
    del settings
    from regime_platform.kernel_cache import kernel_cache

    cache = kernel_cache()
    if cache.problem:
        remedy = "make the folder writable or set NUMBA_CACHE_DIR"
        return [Finding("kernels", "wrong", cache.problem, remedy)]
    if not cache.is_complete():
        remedy = "`regime warm` compiles them; any computing command does too"
        return [Finding("kernels", "note", "not compiled on this machine yet", remedy)]
    return [Finding("kernels", "ok", f"compiled in {cache.folder}")]


def _locks(settings: Settings) -> list[Finding]:
    root = DataRoot(settings.data_root.expanduser().absolute())
    paths = (root.symbol(one).lock for one in load_universe(settings).symbols)
    held = [path for path in paths if path.exists() and _is_held(path)]
    if not held:
        return [Finding("locks", "ok", "nobody is writing")]
    told = ", ".join(f"{path.parent.name} by {path.read_text() or 'somebody'}" for path in held[:5])
    return [Finding("locks", "note", f"{len(held)} held: {told}", "they free themselves")]


def _is_held(path: Path) -> bool:
    with path.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(stream, fcntl.LOCK_UN)
    return False


def _history(settings: Settings) -> list[Finding]:
    from regime_platform.orchestration.history import damaged_databases, history_folder

    damaged = damaged_databases(history_folder(settings), with_runs=True)
    if not damaged:
        return [Finding("Dagster's history", "ok", "no database is damaged")]
    files = ", ".join(f"{path} ({problem})" for path, problem in damaged.items())
    remedy = "stop daemon and webserver, then `regime service reset-history`"
    return [Finding("Dagster's history", "wrong", files, remedy)]


def _board(settings: Settings) -> list[Finding]:
    from regime_platform.query.boards import board

    rows = board(where=settings)
    outdated = _outdated_rows(settings)
    if rows.is_empty() and not outdated:
        remedy = "`regime run --all` fetches and computes"
        return [Finding("board", "note", "nothing computed yet", remedy)]
    newest = rows.select(pl.col("last_ts").max().dt.strftime("%Y-%m-%d %H:%M")).item()
    symbols = rows["symbol"].n_unique()
    found = [*_failed_symbols(rows), *outdated]
    return found or [Finding("board", "ok", f"{symbols} symbols, newest bar {newest} UTC")]


def _failed_symbols(rows: pl.DataFrame) -> list[Finding]:
    failed = rows.filter(pl.col("status") == "failed").unique("symbol", maintain_order=True)
    named = [
        f"{symbol}: {reason}" for symbol, reason in failed.select("symbol", "reason").iter_rows()
    ]
    return [Finding("results", "wrong", one) for one in _first(named)]


def _outdated_rows(settings: Settings) -> list[Finding]:
    from regime_platform.compute_db.board import read_board
    from regime_platform.pipeline.board_check import differing

    root = DataRoot(settings.data_root.expanduser().absolute())
    symbols = differing(root, load_universe(settings).instruments, read_board(root))
    if not symbols:
        return []
    reason = f"not the results of {len(symbols)} symbols: {', '.join(_first(symbols))}"
    remedy = f"any run makes their rows again, for example `regime promote {symbols[0]}`"
    return [Finding("board", "wrong", reason, remedy)]


def _first(names: list[str]) -> list[str]:
    more = len(names) - _MOST_NAMED
    return [*names[:_MOST_NAMED], f"and {more} more"] if more > 0 else names


_CHECKS: tuple[Check, ...] = (
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
