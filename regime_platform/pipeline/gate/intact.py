"""Whether the files that an unchanged symbol relies on are still those that were written.

Bars and raw log are hashed whenever they are read. A run with nothing new reads neither: it looks
at what tells a file from itself before a change, and hashes those that changed since they were
proven.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.proven import ProvenFile, is_proven, remember, stamp_of
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import BarsError, remedy_of
from regime_platform.model.instruments import Instrument
from regime_platform.model.promoted_bars import Promoted
from regime_platform.pipeline.compute.compute import compute
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import ComputeOutcome, PromoteOutcome
from regime_platform.pipeline.platform import RunWorkspace


def promote_intact(workspace: RunWorkspace, instrument: Instrument) -> PromoteOutcome:
    """Promotes, then proves what is in force and what it came from.

    Raises:
        BarsError: a file is missing or damaged; names it and the remedy.
    """
    outcome = promote(workspace, instrument)
    require_intact(workspace, instrument)
    return outcome


def derive_intact(
    workspace: RunWorkspace, instrument: Instrument, *, force: bool = False
) -> ComputeOutcome:
    """Proves what results are made from, then makes those that changed.

    Raises:
        BarsError: a file is missing or damaged, or there are no bars; names it and the remedy.
        BlockedError: the gate holds the symbol back.
    """
    require_intact(workspace, instrument)
    return compute(workspace, instrument, force=force)


def require_intact(workspace: RunWorkspace, instrument: Instrument) -> None:
    """Proves bars in force, rejected rows and raw log, as far as they changed since then.

    Raises:
        BarsError: a file is missing or damaged; names it and the remedy.
    """
    paths = workspace.root.symbol(instrument.symbol)
    verdict = read_verdict(paths)
    series = () if verdict is None else verdict.series
    promoted = {} if verdict is None else verdict.promoted
    rejected = [
        (f"rejected/{each.rejected_file.name}", each.rejected_file.sha256)
        for each in series
        if each.rejected_file is not None
    ]
    require_files(paths, [*named_parts(promoted), *rejected, *_raw_files(paths, instrument)])


def require_files(paths: SymbolPaths, files: Iterable[tuple[str, str]]) -> None:
    """Proves files of a symbol, as far as they changed since they were proven.

    Args:
        paths: the symbol.
        files: name below its folder, and the SHA-256 of the file or how it begins.

    Raises:
        BarsError: one is missing or damaged; names it and the remedy.
    """
    found: dict[str, ProvenFile] = {}
    for name, digest in files:
        if is_proven(paths, name, digest):
            continue
        path = paths.folder / name
        before = stamp_of(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise _damaged(paths, name, f"{error.strerror}") from error
        if not sha256(data).hexdigest().startswith(digest):
            raise _damaged(paths, name, "its bytes are not those written")
        if before is not None and stamp_of(path) == before:
            found[name] = ProvenFile(before, digest)
    if found:
        remember(paths, found)


def named_parts(promoted: Mapping[str, Promoted]) -> Iterator[tuple[str, str]]:
    """Every file of canonical bars that pointers (by timeframe) name, and its SHA-256."""
    for timeframe, series in promoted.items():
        for file in series.files:
            yield f"bars/{timeframe}/{file.name}", file.sha256


def _raw_files(paths: SymbolPaths, instrument: Instrument) -> Iterator[tuple[str, str]]:
    """Every file of the raw log, and how its SHA-256 begins."""
    for timeframe in instrument.timeframes:
        for raw in list_raw(paths.raw(timeframe)).files:
            yield f"raw/{timeframe}/{raw.text}", raw.hash


def _damaged(paths: SymbolPaths, name: str, reason: str) -> BarsError:
    symbol = paths.symbol
    if name.startswith("raw/"):
        remedy = f"`regime verify {symbol}` names all that is damaged; restore it from a backup"
    else:
        remedy = remedy_of(symbol)
    return BarsError(f"{paths.folder / name} is damaged ({reason}); {remedy}")
