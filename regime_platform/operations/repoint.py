"""Resolves a symbol whose stored bars and universe entry name different instruments.

Either they are the same instrument, which is recorded with author, time and reason; or the entry is
another one: then the folder is moved to the archive atomically, and the symbol starts from scratch.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from regime_platform.audit.archives import Archive, read_archives, write_archive
from regime_platform.bar_store.identity_file import IDENTITIES, dated, has_bars, read_identities
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.manifest_files import whole_bar_manifest
from regime_platform.bar_store.overrides import read_overrides, write_overrides
from regime_platform.bar_store.raw.acquisition import read_coverage
from regime_platform.bar_store.raw.gate_input import gate_input
from regime_platform.bar_store.session import stored_finer
from regime_platform.compute_db.board import BOARD_SCHEMA, update_board
from regime_platform.errors import UsageError
from regime_platform.files import move
from regime_platform.model.identity import Because, KnownIdentity, identity_of
from regime_platform.model.instants import instant, iso
from regime_platform.model.instruments import Instrument
from regime_platform.operations.overrides import Span, Statement
from regime_platform.pipeline.gate.validate_log import overlap_of, read_policy, with_overrides
from regime_platform.pipeline.outcomes import OVERLAP_LOST
from regime_platform.validation.overrides import Override, OverrideKind, with_added
from regime_platform.validation.rules.comparison import CONTRADICTED

ARCHIVED = "archived"


@dataclass(frozen=True)
class RepointOutcome:
    """What ``repoint_same`` or ``repoint_archive`` did, or would do."""

    symbol: str
    kind: str  # same or archived
    stored: str  # the instrument of the stored bars
    meant: str  # the one that the universe names
    is_written: bool  # False where nothing was open, or of a dry run
    contradicting: Mapping[str, int] = field(default_factory=dict)  # timeframe -> bars settled
    folder: str = ""  # of the archive
    carried_on: bool = False  # finished what a killed process had begun


def repoint_same(
    root: DataRoot, instrument: Instrument, statement: Statement, *, dry_run: bool = False
) -> RepointOutcome:
    """Records that the stored bars are of the instrument that the universe names.

    Settles identity and every contradicting fetch so far. Where neither is open and it is recorded
    already, nothing is written. UsageError where no bars are stored, or an archiving was begun.
    """
    paths, meant = root.symbol(instrument.symbol), identity_of(instrument)
    _require_bars(root, paths, instrument)
    contradicting = dict(_contradicting(root, paths, instrument))
    plan = RepointOutcome(
        instrument.symbol,
        Because.SAME,
        _stored(paths),
        str(meant),
        is_written=False,
        contradicting={name: len(opens) for name, opens in contradicting.items()},
    )
    known = read_identities(paths)
    same_source = [record for record in known if record.identity.source == meant.source]
    # a record with more fields than the entry does not count: an answer filled them in, and another
    # answer may contradict them
    is_known = not meant.fields or (bool(same_source) and same_source[-1].identity == meant)
    if dry_run or (is_known and not contradicting):
        return plan
    with writing(paths):
        before = read_overrides(paths)
        entries = [
            _accepted(before, name, opens, statement) for name, opens in contradicting.items()
        ]
        if entries:
            write_overrides(paths, with_added(before, *entries))
        if not is_known:
            new = KnownIdentity(
                identity=meant,
                since=iso(statement.at),
                because=Because.SAME,
                by=statement.by,
                reason=statement.reason.strip(),
            )
            IDENTITIES.write(paths, (*dated(paths, read_identities(paths)), new))
    return replace(plan, is_written=True)


def repoint_archive(
    root: DataRoot, instrument: Instrument, statement: Statement, *, dry_run: bool = False
) -> RepointOutcome:
    """Moves all that is stored of a symbol to the archive; the next run fetches it again.

    After a kill, the same call finishes what was begun. UsageError where nothing is stored.
    """
    symbol, paths = instrument.symbol, root.symbol(instrument.symbol)
    archives = read_archives(root, symbol)
    begun = next((archive for archive in archives if not archive.is_finished), None)
    if begun is None and not paths.folder.is_dir():
        raise UsageError(
            f"nothing of {symbol} is stored; `regime run {symbol}` fetches it",
            code="nothing-stored",
        )
    archive = begun or Archive(
        symbol=symbol,
        number=len(archives) + 1,
        at=iso(statement.at),
        by=statement.by,
        reason=statement.reason.strip(),
        stored=_stored(paths),
        meant=str(identity_of(instrument)),
        instrument=_entry_of(paths, instrument),
    )
    folder = archive.folder(root)
    if not dry_run:
        if not folder.is_dir():
            with writing(paths):
                write_archive(root, archive)
                move(paths.folder, folder)
        update_board(root, [symbol], BOARD_SCHEMA.to_frame())
        write_archive(root, archive.model_copy(update={"is_finished": True}))
    return RepointOutcome(
        symbol,
        ARCHIVED,
        archive.stored,
        archive.meant,
        is_written=not dry_run,
        folder=str(folder),
        carried_on=begun is not None,
    )


def _require_bars(root: DataRoot, paths: SymbolPaths, instrument: Instrument) -> None:
    for record in read_archives(root, instrument.symbol):
        if not record.is_finished:
            raise UsageError(record.describe(), code="archiving-unfinished")
    if not has_bars(paths):
        raise UsageError(
            f"no bars of {instrument.symbol} are stored; `regime run {instrument.symbol}` fetches "
            "what the universe names",
            code="no-bars",
        )


def _stored(paths: SymbolPaths) -> str:
    """The instruments of the stored bars; the source alone where nothing names them."""
    known = read_identities(paths)
    return " and ".join(str(record.identity) for record in known) or "not recorded"


def _contradicting(
    root: DataRoot, paths: SymbolPaths, instrument: Instrument
) -> Iterator[tuple[str, list[str]]]:
    """Timeframe and opens of bars of fetches that contradict those before or are to be settled."""
    context, market = with_overrides(paths, read_policy(root)), instrument.market
    for timeframe in (*stored_finer(paths), *instrument.timeframes):
        given = gate_input(paths, timeframe, market)
        agreed = overlap_of(paths.raw(timeframe), given, timeframe, market, context)
        rows, awaited = agreed.contradicting, given.awaited
        refusal = read_coverage(paths, timeframe).refusal
        if rows is not None and not rows.is_empty():
            yield timeframe, [iso(opens) for opens in rows["ts"]]
        elif agreed.rereading and awaited is not None:
            yield timeframe, [iso(awaited.evidence.last)]
        elif refusal is not None and refusal.status == OVERLAP_LOST:
            yield timeframe, [iso(given.served["ts"][-1])]


def _accepted(
    before: tuple[Override, ...], timeframe: str, opens: list[str], statement: Statement
) -> Override:
    """The override that accepts a contradiction, under an open that no other override is about."""
    used = {entry.ts for entry in before}
    ts = next((text for text in opens if text not in used), opens[-1])
    return statement.override(OverrideKind.ACCEPT, Span(timeframe, instant(ts)), CONTRADICTED.name)


def _entry_of(paths: SymbolPaths, instrument: Instrument) -> dict[str, object]:
    """The entry of the universe that the stored bars were fetched by, as the manifest keeps it."""
    manifest = whole_bar_manifest(paths)
    entry = instrument.record if manifest is None else manifest.manifest.instrument
    return dict(entry)
