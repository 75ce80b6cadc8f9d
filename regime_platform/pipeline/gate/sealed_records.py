"""The records of a symbol that only grow: are they whole?

They are those of decisions, splits, price factors and the instruments that the bars are of.

What verdict and bar manifest recorded of them must be in them. Entries that came later are none of
their business: the next run obeys and records them.
"""

from collections.abc import Callable, Iterator
from typing import Any

from regime_platform.bar_store.factor_file import (
    lost_factors,
    read_factors,
    recorded_factors,
    restore_factors,
)
from regime_platform.bar_store.identity_file import (
    lost_identities,
    recorded_identities,
    restore_identities,
    stored_identities,
)
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.overrides import (
    read_decisions,
    stored_decisions,
    why_not_whole,
    write_decisions,
)
from regime_platform.bar_store.recorded import recorded_decisions
from regime_platform.bar_store.rejected import why_not_sealed
from regime_platform.bar_store.rewrites import (
    lost_rewrites,
    read_rewrites,
    recorded_rewrites,
    restore_rewrites,
)
from regime_platform.errors import BarsError, ConfigError
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.pipeline.finding import AuditFinding, FindingKind, Subject
from regime_platform.validation.overrides import restored
from regime_platform.validation.verdict import Verdict


def stored_records(paths: SymbolPaths) -> dict[str, Any]:
    """What a bar manifest records of splits, price factors and instruments, where there are any.

    Raises:
        BarsError: a file is damaged.
    """
    splits = [dict(vars(entry)) for entry in read_rewrites(paths)]
    identities = [record.facts() for record in stored_identities(paths)]
    records = {"splits": splits, "price_factors": read_factors(paths), "identities": identities}
    return {name: entries for name, entries in records.items() if entries}


def require_records(paths: SymbolPaths) -> None:
    """Refuses to go on from records that are not whole.

    Raises:
        BarsError, ConfigError: names the file, what it lost and the remedy.
    """
    read_decisions(paths)
    for finding in _recorded_findings(paths):
        raise BarsError(
            f"{paths.folder / finding.what}: {finding.reason}; "
            f"`regime repair {paths.symbol}` writes it anew",
            code="records-lost",
        )


def record_findings(paths: SymbolPaths, verdict: Verdict | None) -> Iterator[AuditFinding]:
    """What is wrong with the records, and which decisions no verdict obeys yet."""
    yield from _decision_findings(paths, verdict)
    yield from _recorded_findings(paths)


def rejected_findings(
    paths: SymbolPaths, verdict: Verdict, *, is_due: bool
) -> Iterator[AuditFinding]:
    """Files of rejected rows that are not as the verdict sealed them.

    Args:
        paths: the symbol.
        verdict: the verdict in force.
        is_due: whether a run would write them again in any case, so that a killed one may have
            begun to.
    """
    for series in verdict.series:
        is_unsealed = series.rejected_file is None and series.rows_in > series.valid
        if is_unsealed or series.timeframe not in TIMEFRAMES:
            continue  # of an earlier release, which did not seal them; or reported as no timeframe
        reason = why_not_sealed(paths, series.timeframe, series.rejected_file)
        if reason:
            what = str(paths.rejected(series.timeframe).relative_to(paths.folder))
            if is_due:
                yield AuditFinding(
                    FindingKind.UNFINISHED,
                    Subject.REJECTED,
                    what,
                    f"{reason}: a promotion was not finished",
                )
            else:
                is_gone = not paths.rejected(series.timeframe).exists()
                yield AuditFinding(
                    FindingKind.MISSING if is_gone else FindingKind.CHANGED,
                    Subject.REJECTED,
                    what,
                    reason,
                )


def restore_records(paths: SymbolPaths) -> None:
    """Writes the records anew from what was recorded of them; hold the lock.

    Valid entries that came later stay; what was damaged is to be set aside before.
    """
    try:
        entries = stored_decisions(paths)
    except ConfigError:
        entries = ()
    whole = restored(entries, recorded_decisions(paths))
    if whole:
        write_decisions(paths, whole)
    else:
        paths.decisions.unlink(missing_ok=True)
    restore_rewrites(paths)
    restore_factors(paths)
    restore_identities(paths)


def _decision_findings(paths: SymbolPaths, verdict: Verdict | None) -> Iterator[AuditFinding]:
    name, recorded = paths.decisions.name, recorded_decisions(paths)
    try:
        entries = stored_decisions(paths)
    except ConfigError as error:
        yield AuditFinding(FindingKind.UNREADABLE, Subject.RECORD, name, str(error))
        return
    reason = why_not_whole(paths, entries, recorded)
    if reason:
        kind = FindingKind.CHANGED if paths.decisions.exists() else FindingKind.MISSING
        yield AuditFinding(kind, Subject.RECORD, name, f"it {reason}")
    waiting = [str(entry.id) for entry in entries if entry.id not in {one.id for one in recorded}]
    if waiting and verdict is not None:
        ids = ", ".join(waiting)
        yield AuditFinding(
            FindingKind.PENDING,
            Subject.RECORD,
            name,
            f"no verdict obeys decision {ids} yet; a run does",
        )


def _recorded_findings(paths: SymbolPaths) -> Iterator[AuditFinding]:
    """What is wrong with the records that the bar manifest has."""
    yield from _split_findings(paths)
    yield from _factor_findings(paths)
    yield from _identity_findings(paths)


def _split_findings(paths: SymbolPaths) -> Iterator[AuditFinding]:
    def missing() -> list[str]:
        lost = lost_rewrites(read_rewrites(paths), recorded_rewrites(paths))
        return [f"{entry.ratio} on {entry.timeframe}" for entry in lost]

    return _grown(paths.splits.name, missing, is_there=paths.splits.exists())


def _factor_findings(paths: SymbolPaths) -> Iterator[AuditFinding]:
    def missing() -> list[str]:
        return lost_factors(read_factors(paths), recorded_factors(paths))

    return _grown(paths.price_factors.name, missing, is_there=paths.price_factors.exists())


def _identity_findings(paths: SymbolPaths) -> Iterator[AuditFinding]:
    def missing() -> list[str]:
        lost = lost_identities(stored_identities(paths), recorded_identities(paths))
        return [str(record.identity) for record in lost]

    return _grown(paths.identity.name, missing, is_there=paths.identity.exists())


def _grown(
    name: str, missing: Callable[[], list[str]], *, is_there: bool
) -> Iterator[AuditFinding]:
    try:
        lost = missing()
    except (BarsError, OSError) as error:
        yield AuditFinding(FindingKind.UNREADABLE, Subject.RECORD, name, str(error))
        return
    if lost:
        reason = f"it no longer has what the bar manifest recorded: {', '.join(lost)}"
        yield AuditFinding(
            FindingKind.CHANGED if is_there else FindingKind.MISSING, Subject.RECORD, name, reason
        )
