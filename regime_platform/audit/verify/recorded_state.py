"""What manifests, chain and verdict of a symbol state is stored, and what is wrong with them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from regime_platform.audit.verify.verification import AuditFinding, FindingKind, Subject, fault_of
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import other_symbol, read_chain
from regime_platform.bar_store.verdicts import is_as_sealed, read_verdict, unsealed
from regime_platform.errors import BarsError, RegimeError
from regime_platform.files import json_text
from regime_platform.json_text import load_json
from regime_platform.manifests.bar_manifest import BarManifest, Gate, SeriesGate, series_gate
from regime_platform.manifests.chain import LinkStatus, broken, link_status
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.manifest import (
    BARS,
    MANIFEST_VERSION,
    RESULTS,
    ChainLink,
    Facts,
    SealedManifest,
    parsed_whole,
)
from regime_platform.manifests.pending import InputInForce
from regime_platform.model.bar_schema import PromotedBars
from regime_platform.model.digests import document_digest
from regime_platform.model.timeframes import DURATION
from regime_platform.pipeline.gate.files_in_force import InForce
from regime_platform.validation.rules.bar import UNLISTED
from regime_platform.validation.verdict import Verdict

_SUBJECTS = {BARS: Subject.BAR_MANIFEST, RESULTS: Subject.COMPUTE_MANIFEST}
#: Where a chain has no link of a manifest at its end: kind and reason of the finding.
_MISPLACED = {
    LinkStatus.NEXT: (FindingKind.MISSING, "its last link, of the {}, is gone"),
    LinkStatus.ABSENT: (FindingKind.CHANGED, "it does not have the {}"),
    LinkStatus.EARLIER: (FindingKind.UNFINISHED, "a later {} was begun and is not in place"),
}
_CHANGED_VERDICT = "it was changed after the gate wrote it"


@dataclass
class RecordedState:
    """What is stored according to manifests and verdict, and what is wrong with those documents."""

    bar_manifest: SealedManifest[BarManifest] | None = None  # None where it is not whole
    compute_manifest: SealedManifest[ComputeManifest] | None = None
    findings: list[AuditFinding] = field(default_factory=list)
    links: list[ChainLink] | None = None  # of the chain; None where it cannot be read
    verdict: Verdict | None = None  # None where it was changed, too
    series: dict[str, InForce] = field(default_factory=dict)  # by timeframe
    validated: dict[str, tuple[str, ...]] = field(default_factory=dict)  # timeframe -> raw files

    @property
    def manifests(self) -> list[SealedManifest[Any]]:
        """Those that are whole."""
        return [each for each in (self.bar_manifest, self.compute_manifest) if each is not None]

    @property
    def promoted(self) -> dict[str, PromotedBars]:
        """Timeframe -> pointer to the canonical bars in force."""
        return {name: each.promoted for name, each in self.series.items() if each.promoted}

    @property
    def in_force(self) -> InputInForce | None:
        """What the gate leaves in force; None where no document names it."""
        if self.verdict is not None:
            left_out = self.verdict.left_out
        elif self.bar_manifest is not None:
            left_out = self.bar_manifest.manifest.left_out
        else:
            return None
        bars = {timeframe: pointer.digest for timeframe, pointer in self.promoted.items()}
        return InputInForce(bars, None if self.is_blocked else tuple(sorted(left_out)))

    @property
    def is_blocked(self) -> bool:
        """True where the gate blocks the symbol as a whole, so that no run goes beyond the bars."""
        return self.verdict is not None and self.verdict.is_blocked_whole


def recorded_state(paths: SymbolPaths, symbol: str, timeframes: Iterable[str]) -> RecordedState:
    """Reads manifests, chain and verdict of a folder; changes nothing.

    ``timeframes``: of the raw logs to be verified where no document names their files.
    """
    if any(path.exists() for path in (paths.manifest, paths.compute_manifest, paths.chain)):
        state = read_manifests(paths)
        state.findings += _chain_findings(state, paths, symbol)
        _leave_out_unwritten(state, paths)
        state.findings += [
            _SUBJECTS[facts.kind].finding(FindingKind.CHANGED, f"it is about {facts.symbol}")
            for facts in (document.manifest for document in state.manifests)
            if facts.symbol != symbol
        ]
    else:
        reason = "no manifest was ever written"
        unwritten = Subject.BAR_MANIFEST.finding(FindingKind.UNFINISHED, reason)
        state = RecordedState(findings=[unwritten], links=[])
    _read_verdict(state, paths)
    if state.verdict is not None:
        # a manifest that is behind is a finding already; the bars in force are the verdict's
        for verdict in state.verdict.validated:
            state.series[verdict.timeframe] = InForce(verdict.promoted, verdict.rejected_file)
            state.validated[verdict.timeframe] = verdict.raw_files
    elif state.bar_manifest is not None:
        for timeframe, series in state.bar_manifest.manifest.validated.items():
            state.series[timeframe] = InForce(series.promoted, series.gate.rejected_file)
            state.validated[timeframe] = series.raw_files
    else:
        state.validated = dict.fromkeys(timeframes, ())
    _leave_out_unknown(state)
    return state


def read_manifests(paths: SymbolPaths) -> RecordedState:
    """The manifests that are whole, and what is wrong with the others."""
    findings: list[AuditFinding] = []
    bars = _read(paths.manifest, BarManifest, findings)
    return RecordedState(bars, _read(paths.compute_manifest, ComputeManifest, findings), findings)


def _chain_findings(
    state: RecordedState, paths: SymbolPaths, symbol: str
) -> Iterator[AuditFinding]:
    """What is wrong with the chain, which is read, and with the place of the manifests in it."""
    try:
        links = state.links = read_chain(paths)
    except BarsError as error:
        yield Subject.CHAIN.finding(FindingKind.UNREADABLE, error)
        return
    if not paths.chain.exists():
        yield Subject.CHAIN.finding(FindingKind.MISSING, "the chain of manifests is gone")
        return
    for reason in broken(links):
        yield Subject.CHAIN.finding(FindingKind.CHANGED, reason)
    for document in (each for each in state.manifests if each.manifest.symbol == symbol):
        place, kind = link_status(links, document), document.manifest.kind
        if place is LinkStatus.OTHER:
            reason = "the chain has another manifest of this number"
            yield _SUBJECTS[kind].finding(FindingKind.CHANGED, reason)
        elif place is not LinkStatus.LAST:
            finding_kind, reason = _MISPLACED[place]
            yield Subject.CHAIN.finding(finding_kind, reason.format(f"manifest of the {kind}"))


def _leave_out_unwritten(state: RecordedState, paths: SymbolPaths) -> None:
    """A first manifest that a run announced, or did not come to, is no lost one."""
    if state.links is None or not paths.chain.exists():
        return
    manifests = {*_SUBJECTS.values()}
    missing = [each for each in state.findings if each.kind is FindingKind.MISSING]
    for finding in (each for each in missing if each.subject in manifests):
        is_of_results = finding.subject is Subject.COMPUTE_MANIFEST
        kind = RESULTS if is_of_results else BARS
        numbers = [link.number for link in state.links if link.kind == kind]
        # that of bars is in place before that of results
        if numbers > [1] or not (is_of_results or state.compute_manifest is None):
            continue
        state.findings.remove(finding)
        # bars are published before their results, which may not be computed yet
        if numbers or not is_of_results or paths.compute_db.exists():
            reason = "the run that was to write it was killed before, or it was removed"
            state.findings.append(finding.subject.finding(FindingKind.UNFINISHED, reason))


def _read(
    path: Path, facts: type[Facts], findings: list[AuditFinding]
) -> SealedManifest[Facts] | None:
    subject = Subject(path.name)
    try:
        text = path.read_bytes().decode()
        document = load_json(text)
    except FileNotFoundError:
        findings.append(subject.finding(FindingKind.MISSING, "there is no manifest"))
        return None
    except (OSError, ValueError, RecursionError) as error:  # of the encoding, or of the JSON
        findings.append(subject.finding(FindingKind.UNREADABLE, f"no JSON ({error})"))
        return None
    try:
        manifest = parsed_whole(document, facts)
    except ValueError as error:
        other = _of_other_version(subject, document)
        findings.append(other or subject.finding(FindingKind.CHANGED, error))
        return None
    if not _is_as_written(text, document):
        findings.append(subject.finding(FindingKind.CHANGED, "its bytes are not those written"))
    return manifest


def _is_as_written(text: str, document: Any) -> bool:
    """True for the text of `json_text`; that of pydantic differs in numbers with an exponent."""
    return text == f"{to_json(document, indent=2).decode()}\n" or text == json_text(document)


def _of_other_version(subject: Subject, document: Any) -> AuditFinding | None:
    facts = document.get("manifest") if isinstance(document, dict) else None
    version = facts.get("manifest_version") if isinstance(facts, dict) else None
    if not isinstance(version, int) or version == MANIFEST_VERSION:
        return None
    if version > MANIFEST_VERSION:
        known = f"this release knows {MANIFEST_VERSION}; use the one that wrote it"
        return subject.finding(FindingKind.NEWER, f"version {version}, {known}")
    reason = f"of version {version}, before {MANIFEST_VERSION}, which this release writes"
    return subject.finding(FindingKind.UNFINISHED, reason)


def _read_verdict(state: RecordedState, paths: SymbolPaths) -> None:
    """Adds the verdict in force, and how it differs from the one the bar manifest describes."""
    facts = None if state.bar_manifest is None else state.bar_manifest.manifest
    finding = None
    try:
        if facts is None:
            state.verdict = read_verdict(paths)
        else:
            document = load_json(paths.verdict.read_bytes())
            state.verdict = Verdict.parsed(unsealed(document))
            if reason := other_symbol(paths, state.verdict.symbol):
                finding = Subject.VERDICT.finding(FindingKind.CHANGED, reason)
            elif not is_as_sealed(document):
                finding = Subject.VERDICT.finding(FindingKind.CHANGED, _CHANGED_VERDICT)
            elif document_digest(unsealed(document)) != facts.verdict_digest:
                finding = _unlike(state.verdict, facts)
    except FileNotFoundError:
        pass
    except (RegimeError, ValueError, RecursionError, OSError) as error:
        reason = fault_of(error, paths.symbol)
        finding = Subject.VERDICT.finding(FindingKind.UNREADABLE, reason)
    if state.verdict is None and finding is None and state.manifests:
        finding = Subject.VERDICT.finding(FindingKind.MISSING, "there is no verdict of the gate")
    if finding is not None:
        state.findings.append(finding)
        state.verdict = None if finding.kind is FindingKind.CHANGED else state.verdict


def _unlike(verdict: Verdict, facts: BarManifest) -> AuditFinding:
    """The finding that a verdict is not the one that the bar manifest describes."""
    has_moved_on = verdict.promoted != facts.promoted
    ours = _basis(
        Gate.model_validate(verdict.model_dump(mode="json")),
        {each.timeframe: (series_gate(each), each.log_digest) for each in verdict.validated},
    )
    stated = _basis(
        facts.gate,
        {name: (series.gate, series.raw_log_digest) for name, series in facts.validated.items()},
    )
    if not has_moved_on and ours == stated:
        return Subject.VERDICT.finding(FindingKind.CHANGED, _CHANGED_VERDICT)
    if not verdict.is_blocked_whole:
        reason = "the gate validated after the manifest was written"
        return Subject.VERDICT.finding(FindingKind.UNFINISHED, reason)
    kind = FindingKind.UNFINISHED if has_moved_on else FindingKind.STALE
    return Subject.VERDICT.finding(kind, f"the gate blocks newer bars: {verdict.message}")


def _basis(gate: Gate, series: Mapping[str, tuple[SeriesGate, str]]) -> tuple[Any, ...]:
    """The rules, overrides, actions and state of the raw log that a verdict was reached with."""
    return (
        (gate.rules_version, gate.policy_digest, gate.calendar_version, gate.calendar),
        [*gate.decisions, *gate.withdrawn, *gate.actions],
        {
            name: (log, part.listed or UNLISTED, part.rejected_file is None)
            for name, (part, log) in series.items()
        },
    )


def _leave_out_unknown(state: RecordedState) -> None:
    """Reports timeframes that do not exist and drops them: they have no folder."""
    unknown = sorted(state.validated.keys() - set(DURATION))
    if unknown:
        subject = Subject.BAR_MANIFEST if state.verdict is None else Subject.VERDICT
        reason = f"it names {', '.join(map(repr, unknown))}, expected {', '.join(DURATION)}"
        state.findings.append(subject.finding(FindingKind.CHANGED, reason))
    for name in unknown:
        del state.series[name], state.validated[name]
