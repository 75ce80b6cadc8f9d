"""What a person decides where a symbol's bars and its entry do not mean the same instrument.

Either it is the same instrument all the same, which is recorded with who, when and why; or it is
another one: then the folder goes to the archive at one moment, and the symbol starts anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from regime_platform.audit.archives import Archive, read_archives, write_archive
from regime_platform.bar_store.identity_file import (
    SAME,
    dated,
    has_bars,
    read_identities,
    write_identities,
)
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.overrides import read_decisions, write_decisions
from regime_platform.bar_store.raw.gate_input import gate_input
from regime_platform.compute_db.board import BOARD_SCHEMA, update_board
from regime_platform.errors import UsageError
from regime_platform.files import move_folder, read_json
from regime_platform.model.identity import Identity, KnownIdentity, identity_of
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import iso
from regime_platform.operations.overrides import Statement
from regime_platform.pipeline.gate.validate_log import decided, overlap_of
from regime_platform.validation.overrides import Override, OverrideKind, with_added
from regime_platform.validation.rules.overlap import CONTRADICTED

ARCHIVED = "archived"


@dataclass(frozen=True)
class RepointOutcome:
    """What a decision about a symbol's instrument did, or would do."""

    symbol: str
    kind: str  # same or archived
    stored: str  # the instrument of the stored bars
    meant: str  # the one that the universe names
    is_written: bool  # False where nothing had to be decided, or nothing was to be written
    contradicting: Mapping[str, int] = field(default_factory=dict)  # timeframe -> bars settled
    folder: str = ""  # of the archive
    carried_on: bool = False  # what a killed process had begun


def repoint_same(
    root: DataRoot, instrument: Instrument, statement: Statement, *, dry_run: bool = False
) -> RepointOutcome:
    """Records that the stored bars are of the instrument that the universe names.

    Settles identity and every contradicting fetch so far. Where neither is open and it is recorded
    already, nothing is written.

    Raises:
        UsageError: no bars are stored, or an archiving was begun.
        BarsError, ConfigError: what is stored is damaged.
    """
    paths = root.symbol(instrument.symbol)
    _require_bars(root, paths, instrument)
    contradicting = dict(_contradicting(root, paths, instrument))
    plan = RepointOutcome(
        instrument.symbol,
        SAME,
        _stored(paths),
        str(identity_of(instrument)),
        is_written=False,
        contradicting={name: len(opens) for name, opens in contradicting.items()},
    )
    new = KnownIdentity(
        identity_of(instrument), iso(statement.at), SAME, statement.by, statement.reason.strip()
    )
    is_known = _is_recorded(paths, new.identity)
    if dry_run or (is_known and not contradicting):
        return plan
    with writing(paths):
        entries = [
            _accepted(paths, name, opens, statement) for name, opens in contradicting.items()
        ]
        if entries:
            write_decisions(paths, with_added(read_decisions(paths), *entries))
        if not is_known:
            write_identities(paths, (*dated(paths, read_identities(paths)), new))
    return replace(plan, is_written=True)


def repoint_archive(
    root: DataRoot, instrument: Instrument, statement: Statement, *, dry_run: bool = False
) -> RepointOutcome:
    """Takes all that is stored of a symbol out of use; the next run fetches it anew.

    Killed anywhere, the same call carries on what was begun and does nothing else.

    Raises:
        UsageError: nothing is stored.
        BarsError: the symbol is being written for more than a minute, or is damaged.
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
        symbol,
        len(archives) + 1,
        iso(statement.at),
        statement.by,
        statement.reason.strip(),
        _stored(paths),
        str(identity_of(instrument)),
        _entry_of(paths, instrument),
    )
    folder = archive.folder(root)
    plan = RepointOutcome(
        symbol,
        ARCHIVED,
        archive.stored,
        archive.meant,
        is_written=False,
        folder=str(folder),
        carried_on=begun is not None,
    )
    if dry_run:
        return plan
    if not folder.is_dir():
        with writing(paths):
            write_archive(root, archive)
            move_folder(paths.folder, folder)
    update_board(root, [symbol], BOARD_SCHEMA.to_frame())
    write_archive(root, replace(archive, is_finished=True))
    return replace(plan, is_written=True)


def _require_bars(root: DataRoot, paths: SymbolPaths, instrument: Instrument) -> None:
    begun = [record for record in read_archives(root, instrument.symbol) if not record.is_finished]
    if begun:
        raise UsageError(begun[0].describe(), code="archiving-unfinished")
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


def _is_recorded(paths: SymbolPaths, meant: Identity) -> bool:
    """True where nothing names the instrument, or the last word on it is this very decision.

    An answer may have filled in more since, and another one contradict that: then it is decided
    anew.
    """
    known = [record for record in read_identities(paths) if record.identity.source == meant.source]
    last = known[-1] if known else None
    return not meant.fields or (
        last is not None and last.because == SAME and last.identity == meant
    )


def _contradicting(
    root: DataRoot, paths: SymbolPaths, instrument: Instrument
) -> Iterator[tuple[str, list[str]]]:
    """Timeframe and opens of the bars that came with fetches that contradict those before."""
    standard, asset_class = decided(root, instrument.symbol), instrument.asset_class
    for timeframe in instrument.timeframes:
        given = gate_input(paths, timeframe, asset_class)
        agreed = overlap_of(paths.raw(timeframe), given, timeframe, asset_class, standard)
        rows = agreed.contradicting
        if rows is not None and not rows.is_empty():
            yield timeframe, [iso(opens) for opens in rows["ts"]]


def _accepted(
    paths: SymbolPaths, timeframe: str, opens: list[str], statement: Statement
) -> Override:
    """The decision that settles a contradiction, under an open that no other decision is about."""
    used = {entry.ts for entry in read_decisions(paths)}
    named = next((text for text in opens if text not in used), opens[-1])
    reason, rule = statement.reason.strip(), CONTRADICTED.name
    return Override(
        id=0,  # numbered when it is added
        kind=OverrideKind.ACCEPT,
        timeframe=timeframe,
        ts=named,
        reason=reason,
        by=statement.by,
        at=iso(statement.at),
        rule=rule,
    )


def _entry_of(paths: SymbolPaths, instrument: Instrument) -> Mapping[str, object]:
    """The entry of the universe that the stored bars were fetched by, as the manifest keeps it."""
    manifest = read_json(paths.manifest)
    entry = instrument.facts() if manifest is None else manifest["manifest"]["instrument"]
    return dict(entry)
