"""Are the bars of a symbol, and the raw log they were made from, what the bar manifest says?"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from regime_platform.bar_store.canonical import is_part, part_path, read_hashed, unnamed
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.compaction import locate_all
from regime_platform.bar_store.raw.raw_names import list_raw, short_hash
from regime_platform.bar_store.verdicts import is_as_sealed, unsealed
from regime_platform.errors import BarsError, RegimeError
from regime_platform.files import file_sha256
from regime_platform.model.digests import Blocks, facts_digest
from regime_platform.model.promoted_bars import FileFacts, Promoted
from regime_platform.model.series import iso
from regime_platform.pipeline.finding import AuditFinding, FindingKind, Subject
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.rules.listing import UNLISTED
from regime_platform.validation.verdict import Verdict

Facts = Mapping[str, Any]


@dataclass
class BarsCheck:
    """What was found of bars and raw log."""

    findings: list[AuditFinding] = field(default_factory=list)
    blocks: dict[str, Blocks] = field(default_factory=dict)  # timeframe -> of bars that are whole
    bars: int = 0
    files: int = 0

    def find(self, kind: FindingKind, subject: Subject, what: str, reason: str) -> None:
        """Adds a finding."""
        self.findings.append(AuditFinding(kind, subject, what, reason))


def promoted_bars(facts: Facts) -> dict[str, Promoted]:
    """Timeframe -> the canonical bars that a bar manifest names."""
    return {
        timeframe: Promoted(
            digest=told["digest"],
            rows=told["count"],
            min_ts=told["min_ts"],
            max_ts=told["max_ts"],
            files=tuple(FileFacts.model_validate(file) for file in told["files"]),
        )
        for timeframe, told in facts["timeframes"].items()
        if told["digest"] is not None
    }


def verdict_findings(paths: SymbolPaths, facts: Facts) -> tuple[Verdict | None, list[AuditFinding]]:
    """The verdict in force, and how it differs from the one that the bar manifest describes."""
    name = paths.verdict.name
    try:
        told = json.loads(paths.verdict.read_bytes())
        verdict = Verdict.parsed(unsealed(told))
    except FileNotFoundError:
        return None, [no_verdict(paths)]
    except (RegimeError, ValueError, RecursionError, OSError) as error:
        return None, [AuditFinding(FindingKind.UNREADABLE, Subject.VERDICT, name, str(error))]
    if not is_as_sealed(told):
        return verdict, [
            AuditFinding(
                FindingKind.CHANGED, Subject.VERDICT, name, "it was changed after the gate wrote it"
            )
        ]
    if facts_digest(unsealed(told)) == facts["verdict_digest"]:
        return verdict, []
    return verdict, [_unlike(name, verdict, facts)]


def no_verdict(paths: SymbolPaths) -> AuditFinding:
    """What is wrong where the verdict is gone."""
    return AuditFinding(
        FindingKind.MISSING, Subject.VERDICT, paths.verdict.name, "there is no verdict of the gate"
    )


def _unlike(name: str, verdict: Verdict, facts: Facts) -> AuditFinding:
    """Why a verdict is not the one that the bar manifest describes."""
    has_moved_on = verdict.promoted != promoted_bars(facts)
    if not has_moved_on and _stand(verdict) == _stand_then(facts):
        return AuditFinding(
            FindingKind.CHANGED, Subject.VERDICT, name, "it was changed after the gate wrote it"
        )
    if verdict.status != BLOCKED:
        return AuditFinding(
            FindingKind.UNFINISHED,
            Subject.VERDICT,
            name,
            "the gate judged after the manifest was written",
        )
    kind = FindingKind.UNFINISHED if has_moved_on else FindingKind.STALE
    return AuditFinding(
        kind, Subject.VERDICT, name, f"the gate holds back what came since: {verdict.reason}"
    )


def verify_bars(paths: SymbolPaths, promoted: Mapping[str, Promoted]) -> BarsCheck:
    """Every byte of the canonical bars in force, against their digests."""
    proof = BarsCheck()
    for timeframe, held in promoted.items():
        folder = paths.bars(timeframe)
        proof.files += len(held.files)
        try:
            bars, proof.blocks[timeframe] = read_hashed(folder, held)
        except (BarsError, OSError) as error:
            found = list(_broken_files(paths, timeframe, held))
            proof.findings += found or [
                AuditFinding(FindingKind.CHANGED, Subject.BARS, f"bars/{timeframe}", str(error))
            ]
        else:
            proof.bars += bars.height
            told = (held.rows, held.min_ts, held.max_ts)
            if (bars.height, iso(bars["ts"][0]), iso(bars["ts"][-1])) != told:
                proof.find(
                    FindingKind.CHANGED,
                    Subject.BARS,
                    f"bars/{timeframe}",
                    "count or range are not as told",
                )
        for path in unnamed(folder, held):
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
                    "no pointer names it, and it is no part of ours",
                )
    return proof


def verify_raw_log(paths: SymbolPaths, judged: Mapping[str, tuple[str, ...]]) -> BarsCheck:
    """Every byte of the raw log, against the names of its files and those that were judged."""
    proof = BarsCheck()
    for timeframe, named in judged.items():
        what = f"raw/{timeframe}"
        folder = paths.raw(timeframe)
        try:
            live = list_raw(folder).files
            now = locate_all(folder, named)
            proof.findings += _aside_findings(paths, timeframe)
        except (BarsError, OSError) as error:
            proof.find(FindingKind.UNREADABLE, Subject.RAW_LOG, what, str(error))
            continue
        for name, held_by in now.items():
            if held_by is None:
                proof.find(
                    FindingKind.MISSING,
                    Subject.RAW_LOG,
                    f"{what}/{name}",
                    "no file of the log holds it any more",
                )
        # of what is still in the log: where its end was lost or set aside, numbers are used again
        last = max((one.last for one in live if one.text in now.values()), default=0)
        for one in live:
            proof.files += 1
            if short_hash((folder / one.text).read_bytes()) != one.hash:
                reason = "its bytes are not those its name promises"
                proof.find(FindingKind.CHANGED, Subject.RAW_LOG, f"{what}/{one.text}", reason)
            elif one.text not in now.values():
                proof.findings.append(_unjudged(f"{what}/{one.text}", is_newer=one.first > last))
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


def present_findings(paths: SymbolPaths, facts: Facts) -> Iterator[AuditFinding]:
    """Files of canonical bars that are not there, or not as long, as the bar manifest says.

    A look at their sizes, for whoever asks after every run.
    """
    for timeframe, promoted_bar in promoted_bars(facts).items():
        for file in promoted_bar.files:
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
                    FindingKind.CHANGED, Subject.BARS, what, "is not as the bar manifest says"
                )


def _broken_files(paths: SymbolPaths, timeframe: str, held: Promoted) -> Iterator[AuditFinding]:
    for file in held.files:
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


def _unjudged(what: str, *, is_newer: bool) -> AuditFinding:
    if is_newer:
        return AuditFinding(
            FindingKind.UNFINISHED, Subject.RAW_LOG, what, "the gate has not judged it yet"
        )
    return AuditFinding(FindingKind.EXTRA, Subject.RAW_LOG, what, "no verdict names it")


def _stand(verdict: Verdict) -> dict[str, Any]:
    """By what, and on which state of the raw log, a verdict was reached."""
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


def _stand_then(facts: Facts) -> dict[str, Any]:
    gate = facts["gate"]
    return {
        "rules": (gate["rules_version"], gate["policy_digest"], gate["calendar_version"]),
        "decisions": [*gate["decisions"], *gate.get("withdrawn", ())],
        "listed": {
            name: timeframe["gate"].get("listed", UNLISTED.model_dump())
            for name, timeframe in facts["timeframes"].items()
        },
        "sealed": {
            name
            for name, timeframe in facts["timeframes"].items()
            if "rejected_file" in timeframe["gate"]
        },
        "logs": {
            name: timeframe["raw_log_digest"] for name, timeframe in facts["timeframes"].items()
        },
    }
