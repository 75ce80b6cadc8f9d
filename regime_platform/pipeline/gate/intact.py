"""Proves that the files and records a symbol relies on are there and as they were written.

A run with nothing new reads neither bars nor raw log: it compares size, inode and times of each
file with those at the last proof, and hashes only what differs. A raw file that is gone would
silently drop its bars in a promotion; what is to leave the log for good is released first.
Records (overrides, splits, price factors, instruments, actions) only grow: what verdict and bar
manifest recorded must still be in them; the next run records later entries.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from regime_platform.bar_store.actions_file import ACTIONS
from regime_platform.bar_store.basis_files import BASES, FACTORS
from regime_platform.bar_store.identity_file import IDENTITIES
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import whole_bar_manifest
from regime_platform.bar_store.overrides import read_overrides, restore_overrides
from regime_platform.bar_store.proven import FileStamp, is_proven, remember, stamp_of
from regime_platform.bar_store.raw.compaction import locate_all
from regime_platform.bar_store.records import Record
from regime_platform.bar_store.session import raw_listing, stored_finer
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.errors import BarsError, MissingBarsError, remedy_of
from regime_platform.model.bar_schema import PromotedBars
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import FINER
from regime_platform.pipeline.gate.files_in_force import first_files
from regime_platform.validation.verdict import Verdict

_RECORDS: tuple[Record[Any], ...] = (BASES, FACTORS, IDENTITIES, ACTIONS)


def require_whole(paths: SymbolPaths, instrument: Instrument) -> None:
    """As `require_intact`, and that what the verdict was reached with is there as well.

    For commands that rely on a symbol without promoting its bars before.
    """
    require_records(paths)
    require_raw_files(paths, read_verdict(paths), instrument.timeframes)
    require_intact(paths, instrument)


def require_intact(paths: SymbolPaths, instrument: Instrument) -> None:
    """Proves bars in force, rejected rows and raw log; `BarsError` names a damaged file."""
    require_files(paths, _files(paths, instrument))


def require_files(paths: SymbolPaths, files: Iterable[tuple[str, str]]) -> None:
    """Proves files of a symbol, as far as they changed since they were proven.

    ``files`` are names below its folder, each with its SHA-256 or the first digits; `BarsError`
    names one that is missing or damaged.
    """
    proven: dict[str, tuple[FileStamp, str]] = {}
    for name, digest in files:
        if is_proven(paths, name, digest):
            continue
        path = paths.folder / name
        before = stamp_of(path)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise MissingBarsError(f"{path} is missing; {remedy_of(paths.symbol)}") from error
        except OSError as error:
            raise _damaged(paths, name, f"{error.strerror}") from error
        if not sha256(data).hexdigest().startswith(digest):
            raise _damaged(paths, name, "its bytes are not those written")
        if before is not None and stamp_of(path) == before:
            proven[name] = before, digest
    if proven:
        remember(paths, proven)


def require_chain(paths: SymbolPaths) -> None:
    """Refuses manifests whose chain is gone: the next ones would start another."""
    if not paths.chain.exists() and (paths.manifest.exists() or paths.compute_manifest.exists()):
        raise BarsError(
            f"{paths.chain} is gone, and with it the proof of earlier manifests; "
            f"{remedy_of(paths.symbol)}",
            code="chain-missing",
        )


def rejected_files(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """The files of rejected rows that a verdict names, and their SHA-256."""
    for file in (series.rejected_file for series in verdict.validated):
        if file is not None:
            yield f"rejected/{file.name}", file.sha256


def named_parts(promoted: Mapping[str, PromotedBars]) -> Iterator[tuple[str, str]]:
    """Every file of canonical bars that pointers (by timeframe) name, and its SHA-256."""
    for timeframe, series in promoted.items():
        for file in series.files:
            yield f"bars/{timeframe}/{file.name}", file.sha256


def require_raw_files(
    paths: SymbolPaths, verdict: Verdict | None, timeframes: Collection[str]
) -> None:
    """Refuses to go on where the raw log lacks files that the bars in force were validated with.

    Without a verdict the bar manifest names them. `BarsError` names what is gone.
    """
    named = _raw_files(paths, verdict)
    names = (name for name in (*FINER, *timeframes) if name in named)
    logs = {name: raw_listing(paths, name) for name in names}
    gone = [
        f"raw/{timeframe}/{name}"
        for timeframe, log in logs.items()
        for name, file in locate_all(log, named[timeframe]).items()
        if file is None
    ]
    if not gone:
        return
    raise BarsError(
        f"{paths.folder}: raw files that the bars in force were validated with are gone "
        f"({first_files(gone)}); promoted without them, bars would be dropped, so "
        "those in force stay; restore the files from a backup, or where there is none, "
        f"`regime repair {paths.symbol} --accept-loss` shows what is lost and goes on without them",
        code="raw-file-lost",
    )


def release_raw_files(paths: SymbolPaths, leaving: Mapping[str, Collection[str]]) -> None:
    """Takes files (by timeframe) out of what the verdict names; hold the lock, then remove them.

    It has no digest of those logs any more, so that the next promotion validates again.
    """
    verdict = read_verdict(paths)
    if verdict is None:
        return
    series = []
    for record in verdict.series:
        gone = leaving.get(record.timeframe, ())
        left = tuple(name for name in record.raw_files if name not in gone)
        update = {"raw_files": left, "log_digest": ""} if gone else {}
        series.append(record.model_copy(update=update))
    if tuple(series) != verdict.series:
        write_verdict(paths, verdict.model_copy(update={"series": tuple(series)}))


def _files(paths: SymbolPaths, instrument: Instrument) -> Iterator[tuple[str, str]]:
    verdict = read_verdict(paths)
    if verdict is not None:
        yield from named_parts(verdict.promoted)
        yield from rejected_files(verdict)
    for timeframe in (*stored_finer(paths), *instrument.timeframes):
        for raw in raw_listing(paths, timeframe).files:
            yield f"raw/{timeframe}/{raw.text}", raw.hash


def _raw_files(paths: SymbolPaths, verdict: Verdict | None) -> Mapping[str, Sequence[str]]:
    if verdict is not None:
        return {series.timeframe: series.raw_files for series in verdict.validated}
    manifest = whole_bar_manifest(paths)
    recorded = {} if manifest is None else manifest.manifest.validated
    return {name: series.raw_files for name, series in recorded.items()}


def _damaged(paths: SymbolPaths, name: str, reason: str) -> BarsError:
    remedy = remedy_of(paths.symbol)
    if name.startswith("raw/"):
        verify = f"`regime verify {paths.symbol}`"
        remedy = f"{verify} names all that is damaged; restore it from a backup"
    return BarsError(f"{paths.folder / name} is damaged ({reason}); {remedy}", code="file-damaged")


class RecordFault(NamedTuple):
    """A record that is not whole."""

    file: str
    problem: str  # UNREADABLE, MISSING, or CHANGED where entries are missing from it
    reason: str


def stored_records(paths: SymbolPaths) -> dict[str, Any]:
    """What a bar manifest records of the records beside the overrides, where there are any."""
    stored = {record: record.read(paths) for record in _RECORDS}
    return {record.name: record.as_json(entries) for record, entries in stored.items() if entries}


def require_records(paths: SymbolPaths) -> None:
    """Refuses to go on from records that are not whole; the error names what they lost."""
    read_overrides(paths)
    for fault in record_faults(paths):
        raise BarsError(
            f"{paths.folder / fault.file}: {fault.reason}; "
            f"`regime repair {paths.symbol}` writes it again",
            code="records-lost",
        )


def record_faults(paths: SymbolPaths) -> Iterator[RecordFault]:
    """What is wrong with these records by what the bar manifest has, and of actions the verdict."""
    for record in _RECORDS:
        path = record.path(paths)
        try:
            lost = ", ".join(map(record.describe, record.lost(paths)))
        except (BarsError, OSError) as error:
            yield RecordFault(path.name, "UNREADABLE", str(error).removeprefix(f"{path} "))
            continue
        if lost:
            reason = f"it no longer has what the bar manifest recorded: {lost}"
            yield RecordFault(path.name, "CHANGED" if path.exists() else "MISSING", reason)


def restore_records(paths: SymbolPaths) -> None:
    """Writes the records again from what was recorded of them; hold the lock.

    Later valid entries stay; what was damaged is to be set aside before.
    """
    restore_overrides(paths)
    for record in _RECORDS:
        record.restore(paths)
