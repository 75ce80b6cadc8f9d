"""Compares the records of a symbol, and its rejected rows, with verdict and manifest."""

from collections.abc import Iterator

from regime_platform.audit.verify.finding import AuditFinding, FindingKind, Subject
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.overrides import stored_overrides, why_not_whole
from regime_platform.bar_store.recorded import recorded_overrides
from regime_platform.bar_store.rejected import rejected_fault
from regime_platform.errors import ConfigError
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.pipeline.gate.records import RecordProblem, record_faults
from regime_platform.validation.verdict import Verdict

_KINDS = {
    RecordProblem.UNREADABLE: FindingKind.UNREADABLE,
    RecordProblem.CHANGED: FindingKind.CHANGED,
    RecordProblem.MISSING: FindingKind.MISSING,
}


def record_findings(paths: SymbolPaths, verdict: Verdict | None) -> Iterator[AuditFinding]:
    """What is wrong with the records, and which overrides no verdict applies yet."""
    yield from _override_findings(paths, verdict)
    for fault in record_faults(paths):
        yield AuditFinding(_KINDS[fault.problem], Subject.RECORD, fault.file, fault.reason)


def rejected_findings(
    paths: SymbolPaths, verdict: Verdict, *, is_due: bool
) -> Iterator[AuditFinding]:
    """Files of rejected rows whose digest is not that of the verdict.

    Args:
        paths: the symbol.
        verdict: the verdict in force.
        is_due: whether a run would write them again in any case, so that a killed one may have
            begun to.
    """
    for series in verdict.series:
        is_unsealed = series.rejected_file is None and series.rows_in > series.valid
        if is_unsealed or series.timeframe not in TIMEFRAMES:
            continue  # an earlier release had no digest of them; or reported as no timeframe
        reason = rejected_fault(paths, series.timeframe, series.rejected_file)
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


def _override_findings(paths: SymbolPaths, verdict: Verdict | None) -> Iterator[AuditFinding]:
    name, recorded = paths.decisions.name, recorded_overrides(paths)
    try:
        entries = stored_overrides(paths)
    except ConfigError as error:
        yield AuditFinding(FindingKind.UNREADABLE, Subject.RECORD, name, str(error))
        return
    reason = why_not_whole(paths, entries, recorded)
    if reason:
        kind = FindingKind.CHANGED if paths.decisions.exists() else FindingKind.MISSING
        yield AuditFinding(kind, Subject.RECORD, name, f"it {reason}")
    waiting = [
        str(entry.id) for entry in entries if entry.id not in {known.id for known in recorded}
    ]
    if waiting and verdict is not None:
        ids = ", ".join(waiting)
        yield AuditFinding(
            FindingKind.PENDING,
            Subject.RECORD,
            name,
            f"no verdict applies override {ids} yet; a run does",
        )
