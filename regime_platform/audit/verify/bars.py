"""Compares the bars of a symbol, and the raw log they were made from, with the bar manifest."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from regime_platform.audit.verify.finding import AuditFinding, FindingKind, Subject
from regime_platform.bar_store.canonical import is_part, part_path, read_hashed, unnamed
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.compaction import locate_all
from regime_platform.bar_store.raw.raw_names import list_raw, short_hash
from regime_platform.bar_store.verdicts import is_as_sealed, unsealed
from regime_platform.errors import BarsError, RegimeError
from regime_platform.files import file_sha256
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.model.digests import Blocks, document_digest
from regime_platform.model.instants import iso
from regime_platform.model.promoted_bars import PromotedBars
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.rules.listing import UNLISTED
from regime_platform.validation.verdict import Verdict


@dataclass
class BarsCheck:
    """Findings about bars or raw log, and what was read."""

    findings: list[AuditFinding] = field(default_factory=list)
    blocks: dict[str, Blocks] = field(default_factory=dict)  # timeframe -> of bars that are whole
    bars: int = 0
    files: int = 0

    def find(self, kind: FindingKind, subject: Subject, what: str, reason: str) -> None:
        """Adds a finding."""
        self.findings.append(AuditFinding(kind, subject, what, reason))


def verdict_findings(
    paths: SymbolPaths, facts: BarManifest
) -> tuple[Verdict | None, list[AuditFinding]]:
    """The verdict in force, and how it differs from the one that the bar manifest describes."""
    name = paths.verdict.name
    try:
        document = json.loads(paths.verdict.read_bytes())
        verdict = Verdict.parsed(unsealed(document))
    except FileNotFoundError:
        return None, [no_verdict(paths)]
    except (RegimeError, ValueError, RecursionError, OSError) as error:
        return None, [AuditFinding(FindingKind.UNREADABLE, Subject.VERDICT, name, str(error))]
    if not is_as_sealed(document):
        return verdict, [
            AuditFinding(
                FindingKind.CHANGED, Subject.VERDICT, name, "it was changed after the gate wrote it"
            )
        ]
    if document_digest(unsealed(document)) == facts.verdict_digest:
        return verdict, []
    return verdict, [_unlike(name, verdict, facts)]


def no_verdict(paths: SymbolPaths) -> AuditFinding:
    """The finding that the verdict is missing."""
    return AuditFinding(
        FindingKind.MISSING, Subject.VERDICT, paths.verdict.name, "there is no verdict of the gate"
    )


def _unlike(name: str, verdict: Verdict, facts: BarManifest) -> AuditFinding:
    """The finding that a verdict is not the one that the bar manifest describes."""
    has_moved_on = verdict.promoted != facts.promoted
    if not has_moved_on and _basis(verdict) == _basis_of_manifest(facts):
        return AuditFinding(
            FindingKind.CHANGED, Subject.VERDICT, name, "it was changed after the gate wrote it"
        )
    if verdict.status != BLOCKED:
        return AuditFinding(
            FindingKind.UNFINISHED,
            Subject.VERDICT,
            name,
            "the gate validated after the manifest was written",
        )
    kind = FindingKind.UNFINISHED if has_moved_on else FindingKind.STALE
    return AuditFinding(
        kind, Subject.VERDICT, name, f"the gate blocks newer bars: {verdict.reason}"
    )


def verify_bars(paths: SymbolPaths, promoted: Mapping[str, PromotedBars]) -> BarsCheck:
    """Every byte of the canonical bars in force, against their digests."""
    proof = BarsCheck()
    for timeframe, pointer in promoted.items():
        folder = paths.bars(timeframe)
        proof.files += len(pointer.files)
        try:
            bars, proof.blocks[timeframe] = read_hashed(folder, pointer)
        except (BarsError, OSError) as error:
            broken = list(_broken_files(paths, timeframe, pointer))
            proof.findings += broken or [
                AuditFinding(FindingKind.CHANGED, Subject.BARS, f"bars/{timeframe}", str(error))
            ]
        else:
            proof.bars += bars.height
            expected = (pointer.rows, pointer.min_ts, pointer.max_ts)
            if (bars.height, iso(bars["ts"][0]), iso(bars["ts"][-1])) != expected:
                proof.find(
                    FindingKind.CHANGED,
                    Subject.BARS,
                    f"bars/{timeframe}",
                    "count or range are not those stated",
                )
        for path in unnamed(folder, pointer):
            what = f"bars/{timeframe}/{path.name}"
            if is_part(path):
                proof.find(
                    FindingKind.UNFINISHED,
                    Subject.BARS,
                    what,
                    "left by a promotion that was not finished",
                )
            else:
                proof.find(
                    FindingKind.EXTRA,
                    Subject.BARS,
                    what,
                    "the verdict does not name it",
                )
    return proof


def verify_raw_log(paths: SymbolPaths, validated: Mapping[str, tuple[str, ...]]) -> BarsCheck:
    """Every byte of the raw log, against the names of its files and those that were validated."""
    proof = BarsCheck()
    for timeframe, named in validated.items():
        what = f"raw/{timeframe}"
        folder = paths.raw(timeframe)
        try:
            live = list_raw(folder).files
            now = locate_all(folder, named)
            proof.findings += _aside_findings(paths, timeframe)
        except (BarsError, OSError) as error:
            proof.find(FindingKind.UNREADABLE, Subject.RAW_LOG, what, str(error))
            continue
        for name, stored_in in now.items():
            if stored_in is None:
                proof.find(
                    FindingKind.MISSING,
                    Subject.RAW_LOG,
                    f"{what}/{name}",
                    "no file of the log has it any more",
                )
        # of what is still in the log: numbers of a lost end are used again
        last = max((file.last for file in live if file.text in now.values()), default=0)
        for file in live:
            proof.files += 1
            if short_hash((folder / file.text).read_bytes()) != file.hash:
                reason = "its bytes do not match the digest in its name"
                proof.find(FindingKind.CHANGED, Subject.RAW_LOG, f"{what}/{file.text}", reason)
            elif file.text not in now.values():
                proof.findings.append(
                    _unvalidated(f"{what}/{file.text}", is_newer=file.first > last)
                )
    return proof


def _aside_findings(paths: SymbolPaths, timeframe: str) -> Iterator[AuditFinding]:
    """Files that were set aside because of a clock ahead and were altered since."""
    folder = paths.raw(timeframe)
    for name in list_raw(folder).aside:
        if short_hash((folder / name.text).read_bytes()) != name.hash:
            what = f"raw/{timeframe}/{name.text}"
            reason = "its bytes are not those that were set aside"
            remedy = f"restore {what} from a backup or move it away: no bar is made from it"
            yield AuditFinding(FindingKind.CHANGED, Subject.RAW_LOG, what, reason, remedy)


def present_findings(paths: SymbolPaths, facts: BarManifest) -> Iterator[AuditFinding]:
    """Files of canonical bars that are not there, or not as long, as the bar manifest states.

    A quick check of their sizes after every run.
    """
    for timeframe, pointer in facts.promoted.items():
        for file in pointer.files:
            try:
                path = part_path(paths.bars(timeframe), file.name)
            except BarsError as error:
                yield AuditFinding(
                    FindingKind.CHANGED, Subject.BAR_MANIFEST, paths.manifest.name, str(error)
                )
                continue
            if not path.exists() or path.stat().st_size != file.bytes:
                what = f"{timeframe}/{file.name}"
                yield AuditFinding(
                    FindingKind.CHANGED, Subject.BARS, what, "is not as the bar manifest states"
                )


def _broken_files(
    paths: SymbolPaths, timeframe: str, pointer: PromotedBars
) -> Iterator[AuditFinding]:
    for file in pointer.files:
        what = f"bars/{timeframe}/{file.name}"
        try:
            path = part_path(paths.bars(timeframe), file.name)
        except BarsError as error:
            yield AuditFinding(FindingKind.CHANGED, Subject.BARS, f"bars/{timeframe}", str(error))
            continue
        if not path.is_file():
            yield AuditFinding(FindingKind.MISSING, Subject.BARS, what, "the file is gone")
        elif (size := path.stat().st_size) != file.bytes:
            yield AuditFinding(
                FindingKind.CHANGED,
                Subject.BARS,
                what,
                f"has {size} bytes where {file.bytes} were written",
            )
        elif file_sha256(path) != file.sha256:
            yield AuditFinding(
                FindingKind.CHANGED, Subject.BARS, what, "its bytes are not those written"
            )


def _unvalidated(what: str, *, is_newer: bool) -> AuditFinding:
    if is_newer:
        return AuditFinding(
            FindingKind.UNFINISHED, Subject.RAW_LOG, what, "the gate has not validated it yet"
        )
    return AuditFinding(FindingKind.EXTRA, Subject.RAW_LOG, what, "no verdict names it")


def _basis(verdict: Verdict) -> dict[str, Any]:
    """The rules, the overrides and the state of the raw log that a verdict was reached with."""
    return {
        "rules": (verdict.rules_version, verdict.policy_digest, verdict.calendar_version),
        "decisions": [
            override.model_dump(mode="json")
            for override in (*verdict.overrides, *verdict.withdrawn)
        ],
        "listed": {series.timeframe: series.listed.model_dump() for series in verdict.series},
        "sealed": {
            series.timeframe for series in verdict.series if series.rejected_file is not None
        },
        "logs": {series.timeframe: series.log_digest for series in verdict.series},
    }


def _basis_of_manifest(facts: BarManifest) -> dict[str, Any]:
    gate, timeframes = facts.gate, facts.timeframes
    return {
        "rules": (gate.rules_version, gate.policy_digest, gate.calendar_version),
        "decisions": [*gate.decisions, *gate.withdrawn],
        "listed": {
            name: (series.gate.listed or UNLISTED).model_dump()
            for name, series in timeframes.items()
        },
        "sealed": {
            name for name, series in timeframes.items() if series.gate.rejected_file is not None
        },
        "logs": {name: series.raw_log_digest for name, series in timeframes.items()},
    }
