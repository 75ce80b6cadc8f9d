"""What manifests and verdict of a symbol state is stored; `verify` compares the files with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from regime_platform.audit.verify.bars import no_verdict, verdict_findings
from regime_platform.audit.verify.finding import AuditFinding, FindingKind, Subject
from regime_platform.audit.verify.manifests import (
    Manifests,
    chain_findings,
    manifest_finding,
    read_manifests,
)
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import RegimeError
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.model.instruments import Instrument
from regime_platform.model.promoted_bars import PromotedBars
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.pipeline.gate.promote import InForce
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import Verdict


@dataclass
class RecordedState:
    """What is stored according to manifests and verdict, and what is wrong with those documents."""

    documents: Manifests
    findings: list[AuditFinding]
    verdict: Verdict | None
    promoted: Mapping[str, PromotedBars] = field(default_factory=dict)
    validated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # timeframe -> raw files
    is_verdict_sound: bool = False  # False where it was changed, or is not there

    @property
    def names_bars(self) -> bool:
        """True where verdict or manifest name the canonical bars in force."""
        return self.verdict is not None or self.documents.bars is not None

    @property
    def in_force(self) -> dict[str, str]:
        """Timeframe -> digest of the canonical bars in force."""
        return {timeframe: bars.digest for timeframe, bars in self.promoted.items()}

    @property
    def is_blocked(self) -> bool:
        """True where the gate blocks the symbol."""
        is_blocked = self.verdict is not None and self.verdict.status == BLOCKED
        return is_blocked and self.is_verdict_sound

    @property
    def series_in_force(self) -> dict[str, InForce]:
        """Timeframe -> what a promotion goes on from, by the verdict or else by the manifest."""
        if self.verdict is not None and self.is_verdict_sound:
            return {
                series.timeframe: InForce(series.promoted, series.rejected_file)
                for series in self.verdict.series
            }
        if self.documents.bars is None:
            return {}
        return {
            timeframe: InForce(self.promoted.get(timeframe), series.gate.rejected_file)
            for timeframe, series in self.documents.bars.manifest.timeframes.items()
        }


def recorded_state(instrument: Instrument, paths: SymbolPaths) -> RecordedState:
    """Reads manifests, chain and verdict; changes nothing."""
    documents, findings = _manifests(instrument, paths)
    facts = None if documents.bars is None else documents.bars.manifest
    verdict, of_verdict = verdict_in_force(paths, facts)
    state = RecordedState(documents, [*findings, *of_verdict], verdict)
    if verdict is not None and not any(
        finding.kind is FindingKind.CHANGED for finding in of_verdict
    ):
        # a manifest that is behind is a finding already; the bars in force are the verdict's
        state.is_verdict_sound = True
        state.promoted = verdict.promoted
        state.validated = {series.timeframe: series.raw_files for series in verdict.series}
    elif facts is not None:
        state.promoted = facts.promoted
        state.validated = {name: series.raw_files for name, series in facts.timeframes.items()}
    else:
        state.validated = nothing_validated(instrument)
        if any(documents) and not of_verdict:
            state.findings.append(no_verdict(paths))
    _leave_out_unknown(state, paths)
    return state


def _leave_out_unknown(state: RecordedState, paths: SymbolPaths) -> None:
    """Reports timeframes that do not exist and drops them: they have no folder."""
    unknown = sorted({*state.promoted, *state.validated} - set(TIMEFRAMES))
    if not unknown:
        return
    name, subject = (
        (paths.manifest.name, Subject.BAR_MANIFEST)
        if state.verdict is None
        else (paths.verdict.name, Subject.VERDICT)
    )
    reason = f"it names {', '.join(map(repr, unknown))}, expected {', '.join(TIMEFRAMES)}"
    state.findings.append(AuditFinding(FindingKind.CHANGED, subject, name, reason))
    state.promoted = {name: series for name, series in state.promoted.items() if name in TIMEFRAMES}
    state.validated = {
        name: series for name, series in state.validated.items() if name in TIMEFRAMES
    }


def nothing_validated(instrument: Instrument) -> dict[str, tuple[str, ...]]:
    """No raw files, for each timeframe of a symbol that was never validated."""
    return dict.fromkeys(instrument.timeframes, ())


def _manifests(instrument: Instrument, paths: SymbolPaths) -> tuple[Manifests, list[AuditFinding]]:
    if not any(path.exists() for path in (paths.manifest, paths.compute_manifest, paths.chain)):
        return Manifests(), [
            AuditFinding(
                FindingKind.UNFINISHED,
                Subject.BAR_MANIFEST,
                paths.manifest.name,
                "no manifest was ever written",
            )
        ]
    documents, findings = read_manifests(paths)
    own = [each for each in documents if each.manifest.symbol == instrument.symbol]
    findings += chain_findings(paths, own)
    for document in documents:
        findings += _of_other_symbol(instrument, document.manifest)
    return documents, findings


def _of_other_symbol(
    instrument: Instrument, facts: BarManifest | ComputeManifest
) -> Iterator[AuditFinding]:
    if facts.symbol != instrument.symbol:
        reason = f"it is about {facts.symbol}"
        yield manifest_finding(FindingKind.CHANGED, facts.kind, reason)


def verdict_in_force(
    paths: SymbolPaths, facts: BarManifest | None
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
