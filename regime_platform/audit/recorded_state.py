"""What the manifests of a symbol and its verdict say is held: the claim that `verify` proves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from regime_platform.audit.verify.bars import no_verdict, promoted_bars, verdict_findings
from regime_platform.audit.verify.manifests import (
    chain_findings,
    manifest_finding,
    read_manifests,
)
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import RegimeError
from regime_platform.manifests.manifest import BARS
from regime_platform.model.instruments import Instrument
from regime_platform.model.promoted_bars import Promoted
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.pipeline.finding import AuditFinding, FindingKind, Subject
from regime_platform.pipeline.gate.promote import InForce
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import Verdict

Facts = Mapping[str, Any]


@dataclass
class RecordedState:
    """What is said to be held, and what is wrong with what says so."""

    documents: dict[str, Facts]  # kind -> manifest, as far as they are whole
    findings: list[AuditFinding]
    verdict: Verdict | None
    promoted: Mapping[str, Promoted] = field(default_factory=dict)
    judged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # timeframe -> raw files
    is_verdict_sound: bool = False  # False where it was changed, or is not there

    @property
    def tells_bars(self) -> bool:
        """True where something says which canonical bars are in force."""
        return self.verdict is not None or BARS in self.documents

    @property
    def in_force(self) -> dict[str, str]:
        """Timeframe -> digest of the canonical bars in force."""
        return {timeframe: held.digest for timeframe, held in self.promoted.items()}

    @property
    def is_held_back(self) -> bool:
        """True where the gate holds the symbol back."""
        is_blocked = self.verdict is not None and self.verdict.status == BLOCKED
        return is_blocked and self.is_verdict_sound

    @property
    def series_in_force(self) -> dict[str, InForce]:
        """Timeframe -> what a promotion goes on from, by the verdict or else by the manifest."""
        if self.verdict is not None and self.is_verdict_sound:
            return {series.timeframe: InForce.by(series) for series in self.verdict.series}
        sealed = self.documents[BARS]["manifest"]["timeframes"] if BARS in self.documents else {}
        return {
            timeframe: InForce.recorded(self.promoted.get(timeframe), told["gate"])
            for timeframe, told in sealed.items()
        }


def recorded_state(instrument: Instrument, paths: SymbolPaths) -> RecordedState:
    """Reads manifests, chain and verdict; changes nothing."""
    documents, findings = _manifests(instrument, paths)
    facts = documents[BARS]["manifest"] if BARS in documents else None
    verdict, found = verdict_in_force(paths, facts)
    claim = RecordedState(documents, [*findings, *found], verdict)
    if verdict is not None and not any(one.kind is FindingKind.CHANGED for one in found):
        # where the manifest is behind, which is told already, the pointers are the verdict's
        claim.is_verdict_sound = True
        claim.promoted = verdict.promoted
        claim.judged = {series.timeframe: series.raw_files for series in verdict.series}
    elif facts is not None:
        claim.promoted = promoted_bars(facts)
        claim.judged = {
            name: tuple(timeframe["raw_files"]) for name, timeframe in facts["timeframes"].items()
        }
    else:
        claim.judged = nothing_judged(instrument)
        if documents and not found:
            claim.findings.append(no_verdict(paths))
    _leave_out_unknown(claim, paths)
    return claim


def _leave_out_unknown(claim: RecordedState, paths: SymbolPaths) -> None:
    """Of timeframes that do not exist there is no folder to look into."""
    unknown = sorted({*claim.promoted, *claim.judged} - set(TIMEFRAMES))
    if not unknown:
        return
    name, subject = (
        (paths.manifest.name, Subject.BAR_MANIFEST)
        if claim.verdict is None
        else (paths.verdict.name, Subject.VERDICT)
    )
    reason = f"it names {', '.join(map(repr, unknown))}, expected {', '.join(TIMEFRAMES)}"
    claim.findings.append(AuditFinding(FindingKind.CHANGED, subject, name, reason))
    claim.promoted = {name: one for name, one in claim.promoted.items() if name in TIMEFRAMES}
    claim.judged = {name: one for name, one in claim.judged.items() if name in TIMEFRAMES}


def nothing_judged(instrument: Instrument) -> dict[str, tuple[str, ...]]:
    """What is judged of a symbol that the gate has not seen yet."""
    return dict.fromkeys(instrument.timeframes, ())


def _manifests(
    instrument: Instrument, paths: SymbolPaths
) -> tuple[dict[str, Facts], list[AuditFinding]]:
    if not any(one.exists() for one in (paths.manifest, paths.compute_manifest, paths.chain)):
        return {}, [
            AuditFinding(
                FindingKind.UNFINISHED,
                Subject.BAR_MANIFEST,
                paths.manifest.name,
                "no manifest was ever written",
            )
        ]
    documents, findings = read_manifests(paths)
    own = {
        kind: document
        for kind, document in documents.items()
        if document["manifest"]["symbol"] == instrument.symbol
    }
    findings += chain_findings(paths, own)
    for document in documents.values():
        findings += _of_other_symbol(instrument, document["manifest"])
    return documents, findings


def _of_other_symbol(instrument: Instrument, facts: Facts) -> Iterator[AuditFinding]:
    if facts["symbol"] != instrument.symbol:
        reason = f"it is about {facts['symbol']}"
        yield manifest_finding(FindingKind.CHANGED, facts["kind"], reason)


def verdict_in_force(
    paths: SymbolPaths, facts: Facts | None
) -> tuple[Verdict | None, list[AuditFinding]]:
    """The verdict in force, and how it differs from the bar manifest where there is one."""
    if facts is not None:
        return verdict_findings(paths, facts)
    try:
        return read_verdict(paths), []
    except RegimeError as error:
        return None, [
            AuditFinding(FindingKind.UNREADABLE, Subject.VERDICT, paths.verdict.name, str(error))
        ]
