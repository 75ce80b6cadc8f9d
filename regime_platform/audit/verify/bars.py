"""Compares the bars of a symbol, and the raw log they were made from, with what documents name."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from regime_platform.audit.verify.verification import (
    AuditFinding,
    FindingKind,
    Subject,
    Verification,
)
from regime_platform.bar_store.canonical import is_part, part_path, read_bars, unnamed
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.compaction import locate_all
from regime_platform.bar_store.raw.raw_file import MARKED_VERSION, open_raw
from regime_platform.bar_store.raw.raw_names import RawListing, RawName, list_raw, short_hash
from regime_platform.errors import BarsError
from regime_platform.files import file_sha256
from regime_platform.model.bar_schema import PromotedBars
from regime_platform.model.digests import Blocks
from regime_platform.model.instants import iso
from regime_platform.model.markets import Market
from regime_platform.validation.rules.bar import finished_when_fetched


def verify_bars(
    proof: Verification, paths: SymbolPaths, promoted: Mapping[str, PromotedBars]
) -> dict[str, Blocks]:
    """Compares every byte of the bars with their digests; gives the blocks of those that agree."""
    blocks: dict[str, Blocks] = {}
    for timeframe, pointer in promoted.items():
        what, folder = f"bars/{timeframe}", paths.bars(timeframe)
        proof.files += len(pointer.files)
        try:
            bars, blocks[timeframe] = read_bars(folder, pointer)
        except (BarsError, OSError) as error:
            broken = list(file_findings(paths, {timeframe: pointer}))
            changed = Subject.BARS.finding(FindingKind.CHANGED, error, what)
            proof.findings += broken or [changed]
        else:
            proof.bars += bars.height
            expected = (pointer.rows, pointer.min_ts, pointer.max_ts)
            if (bars.height, iso(bars["ts"][0]), iso(bars["ts"][-1])) != expected:
                reason = "count or range are not those stated"
                proof.findings.append(Subject.BARS.finding(FindingKind.CHANGED, reason, what))
        for path in unnamed(folder, pointer):
            kind, reason = (
                (FindingKind.UNFINISHED, "left by a promotion that was not finished")
                if is_part(path)
                else (FindingKind.EXTRA, "the verdict does not name it")
            )
            proof.findings.append(Subject.BARS.finding(kind, reason, f"{what}/{path.name}"))
    return blocks


def file_findings(
    paths: SymbolPaths, promoted: Mapping[str, PromotedBars], *, by_size: bool = False
) -> Iterator[AuditFinding]:
    """Files of canonical bars that are not as their pointers state.

    ``by_size``: compares their sizes alone, as a quick check after every run.
    """
    files = [(name, file) for name, pointer in promoted.items() for file in pointer.files]
    for timeframe, file in files:
        what = f"bars/{timeframe}/{file.name}"
        try:
            path = part_path(paths.bars(timeframe), file.name)
        except BarsError as error:
            yield Subject.BARS.finding(FindingKind.CHANGED, error, f"bars/{timeframe}")
            continue
        if not path.is_file():
            yield Subject.BARS.finding(FindingKind.MISSING, "the file is gone", what)
        elif (size := path.stat().st_size) != file.bytes:
            reason = f"has {size} bytes where {file.bytes} were written"
            yield Subject.BARS.finding(FindingKind.CHANGED, reason, what)
        elif not by_size and file_sha256(path) != file.sha256:
            reason = "its bytes are not those written"
            yield Subject.BARS.finding(FindingKind.CHANGED, reason, what)


def verify_raw_log(
    proof: Verification,
    paths: SymbolPaths,
    validated: Mapping[str, tuple[str, ...]],
    market: Market | None = None,
) -> None:
    """Compares every byte of the raw log with the names of its files and those validated.

    Files that were set aside because of a clock ahead are compared with their names too. Where the
    ``market`` is known, files with nothing but forming bars need not be validated.
    """
    for timeframe, named in validated.items():
        what, folder = f"raw/{timeframe}", paths.raw(timeframe)
        try:
            log = list_raw(folder)
            needs_no_verdict = partial(_has_only_forming, folder, timeframe, market)
            stored_in = locate_all(folder, named)
            proof.findings += list(_raw_findings(log, stored_in, what, needs_no_verdict))
            proof.files += len(log.files)
        except (BarsError, OSError) as error:
            proof.findings.append(Subject.RAW_LOG.finding(FindingKind.UNREADABLE, error, what))


def _raw_findings(
    log: RawListing,
    stored_in: Mapping[str, str | None],
    what: str,
    needs_no_verdict: Callable[[RawName], bool],
) -> Iterator[AuditFinding]:
    for file in log.aside:
        if short_hash((log.folder / file.text).read_bytes()) != file.hash:
            path = f"{what}/{file.text}"
            reason = "its bytes are not those that were set aside"
            remedy = f"restore {path} from a backup or move it away: no bar is made from it"
            yield Subject.RAW_LOG.finding(FindingKind.CHANGED, reason, path, remedy)
    present = set(stored_in.values())
    for batch in (batch for batch, place in stored_in.items() if place is None):
        reason = "no file of the log has it any more"
        yield Subject.RAW_LOG.finding(FindingKind.MISSING, reason, f"{what}/{batch}")
    # of what is still in the log: numbers of a lost end are used again
    last = max((file.last for file in log.files if file.text in present), default=0)
    for file in log.files:
        kind, reason = FindingKind.EXTRA, "no verdict names it"
        if short_hash((log.folder / file.text).read_bytes()) != file.hash:
            kind, reason = FindingKind.CHANGED, "its bytes do not match the digest in its name"
        elif file.text in present:
            continue
        elif file.first > last:
            if needs_no_verdict(file):
                continue
            kind, reason = FindingKind.UNFINISHED, "the gate has not validated it yet"
        yield Subject.RAW_LOG.finding(kind, reason, f"{what}/{file.text}")


def _has_only_forming(folder: Path, timeframe: str, market: Market | None, name: RawName) -> bool:
    """True where no bar of a file was finished when it was fetched: the gate reads none of them."""
    file = open_raw(folder, name)
    if market is None or file.version == MARKED_VERSION:
        return False
    return not finished_when_fetched(file.rows(), timeframe, market).any()
