"""Are the bars of a symbol, and the raw log they were made from, what the bar manifest says?"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from regime_platform.bars.canonical import is_part, part_path, read_hashed, unnamed
from regime_platform.bars.compaction import locate_all
from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.raw_names import listing, names_aside, short_hash
from regime_platform.bars.verdicts import is_as_sealed, unsealed
from regime_platform.errors import BarsError, RegimeError
from regime_platform.files import file_sha256
from regime_platform.model.digests import Blocks, facts_digest
from regime_platform.model.series import FileFacts, Promoted, iso
from regime_platform.pipeline.proof import Finding, Kind
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.listing_rules import UNLISTED
from regime_platform.validation.verdict import Verdict

Facts = Mapping[str, Any]


@dataclass
class BarsProof:
    """What was found of bars and raw log."""

    findings: list[Finding] = field(default_factory=list)
    blocks: dict[str, Blocks] = field(default_factory=dict)  # timeframe -> of bars that are whole
    bars: int = 0
    files: int = 0

    def find(self, kind: Kind, what: str, reason: str) -> None:
        """Adds a finding."""
        self.findings.append(Finding(kind, what, reason))


def promoted_by(facts: Facts) -> dict[str, Promoted]:
    """Timeframe -> the canonical bars that a bar manifest names."""
    return {
        timeframe: Promoted(
            told["digest"],
            told["count"],
            told["min_ts"],
            told["max_ts"],
            tuple(FileFacts(**file) for file in told["files"]),
        )
        for timeframe, told in facts["timeframes"].items()
        if told["digest"] is not None
    }


def verdict_findings(paths: SymbolPaths, facts: Facts) -> tuple[Verdict | None, list[Finding]]:
    """The verdict in force, and how it differs from the one that the bar manifest describes."""
    name = paths.verdict.name
    try:
        told = json.loads(paths.verdict.read_bytes())
        verdict = Verdict.from_facts(unsealed(told))
    except FileNotFoundError:
        return None, [no_verdict(paths)]
    except (RegimeError, ValueError, RecursionError, OSError) as error:
        return None, [Finding(Kind.UNREADABLE, name, str(error))]
    if not is_as_sealed(told):
        return verdict, [Finding(Kind.CHANGED, name, "it was changed after the gate wrote it")]
    if facts_digest(unsealed(told)) == facts["verdict_digest"]:
        return verdict, []
    return verdict, [_unlike(name, verdict, facts)]


def no_verdict(paths: SymbolPaths) -> Finding:
    """What is wrong where the verdict is gone."""
    return Finding(Kind.MISSING, paths.verdict.name, "there is no verdict of the gate")


def _unlike(name: str, verdict: Verdict, facts: Facts) -> Finding:
    """Why a verdict is not the one that the bar manifest describes."""
    has_moved_on = verdict.promoted != promoted_by(facts)
    if not has_moved_on and _stand(verdict) == _stand_then(facts):
        return Finding(Kind.CHANGED, name, "it was changed after the gate wrote it")
    if verdict.status != BLOCKED:
        return Finding(Kind.UNFINISHED, name, "the gate judged after the manifest was written")
    kind = Kind.UNFINISHED if has_moved_on else Kind.STALE
    return Finding(kind, name, f"the gate holds back what came since: {verdict.reason}")


def prove_bars(paths: SymbolPaths, promoted: Mapping[str, Promoted]) -> BarsProof:
    """Every byte of the canonical bars in force, against their digests."""
    proof = BarsProof()
    for timeframe, held in promoted.items():
        folder = paths.bars(timeframe)
        proof.files += len(held.files)
        try:
            bars, proof.blocks[timeframe] = read_hashed(folder, held)
        except (BarsError, OSError) as error:
            found = list(_broken_files(paths, timeframe, held))
            proof.findings += found or [Finding(Kind.CHANGED, f"bars/{timeframe}", str(error))]
        else:
            proof.bars += bars.height
            told = (held.rows, held.min_ts, held.max_ts)
            if (bars.height, iso(bars["ts"][0]), iso(bars["ts"][-1])) != told:
                proof.find(Kind.CHANGED, f"bars/{timeframe}", "count or range are not as told")
        for path in unnamed(folder, held):
            what = f"bars/{timeframe}/{path.name}"
            if is_part(path):
                proof.find(Kind.UNFINISHED, what, "left by a promotion that was not finished")
            else:
                proof.find(Kind.EXTRA, what, "no pointer names it, and it is no part of ours")
    return proof


def prove_raw(paths: SymbolPaths, judged: Mapping[str, tuple[str, ...]]) -> BarsProof:
    """Every byte of the raw log, against the names of its files and those that were judged."""
    proof = BarsProof()
    for timeframe, named in judged.items():
        what = f"raw/{timeframe}"
        folder = paths.raw(timeframe)
        try:
            live = listing(folder)[0]
            now = locate_all(folder, named)
            proof.findings += _aside_findings(paths, timeframe)
        except (BarsError, OSError) as error:
            proof.find(Kind.UNREADABLE, what, str(error))
            continue
        for name, held_by in now.items():
            if held_by is None:
                proof.find(Kind.MISSING, f"{what}/{name}", "no file of the log holds it any more")
        # of what is still in the log: where its end was lost or set aside, numbers are used again
        last = max((one.last for one in live if one.text in now.values()), default=0)
        for one in live:
            proof.files += 1
            if short_hash((folder / one.text).read_bytes()) != one.hash:
                reason = "its bytes are not those its name promises"
                proof.find(Kind.CHANGED, f"{what}/{one.text}", reason)
            elif one.text not in now.values():
                proof.findings.append(_unjudged(f"{what}/{one.text}", is_newer=one.first > last))
    return proof


def _aside_findings(paths: SymbolPaths, timeframe: str) -> Iterator[Finding]:
    """Files that were set aside because of a clock ahead and were altered since."""
    folder = paths.raw(timeframe)
    for name in names_aside(folder).values() if folder.is_dir() else ():
        if short_hash((folder / name.text).read_bytes()) != name.hash:
            what = f"raw/{timeframe}/{name.text}"
            reason = "its bytes are not those that were set aside"
            remedy = f"restore {what} from a backup or move it away: no bar is made from it"
            yield Finding(Kind.CHANGED, what, reason, remedy)


def present_findings(paths: SymbolPaths, facts: Facts) -> Iterator[Finding]:
    """Files of canonical bars that are not there, or not as long, as the bar manifest says.

    A look at their sizes, for whoever asks after every run.
    """
    for timeframe, held in promoted_by(facts).items():
        for file in held.files:
            try:
                path = part_path(paths.bars(timeframe), file.name)
            except BarsError as error:
                yield Finding(Kind.CHANGED, paths.manifest.name, str(error))
                continue
            if not path.exists() or path.stat().st_size != file.bytes:
                what = f"{timeframe}/{file.name}"
                yield Finding(Kind.CHANGED, what, "is not as the bar manifest says")


def _broken_files(paths: SymbolPaths, timeframe: str, held: Promoted) -> Iterator[Finding]:
    for file in held.files:
        what = f"bars/{timeframe}/{file.name}"
        try:
            path = part_path(paths.bars(timeframe), file.name)
        except BarsError as error:
            yield Finding(Kind.CHANGED, f"bars/{timeframe}", str(error))
            continue
        if not path.is_file():
            yield Finding(Kind.MISSING, what, "the file is gone")
        elif (size := path.stat().st_size) != file.bytes:
            yield Finding(Kind.CHANGED, what, f"has {size} bytes where {file.bytes} were written")
        elif file_sha256(path) != file.sha256:
            yield Finding(Kind.CHANGED, what, "its bytes are not those written")


def _unjudged(what: str, *, is_newer: bool) -> Finding:
    if is_newer:
        return Finding(Kind.UNFINISHED, what, "the gate has not judged it yet")
    return Finding(Kind.EXTRA, what, "no verdict names it")


def _stand(verdict: Verdict) -> dict[str, Any]:
    """By what, and on which state of the raw log, a verdict was reached."""
    return {
        "rules": (verdict.rules_version, verdict.policy_digest, verdict.calendar_version),
        "decisions": [one.facts() for one in (*verdict.decisions, *verdict.withdrawn)],
        "listed": {one.timeframe: asdict(one.listed) for one in verdict.series},
        "sealed": {one.timeframe for one in verdict.series if one.rejected_file is not None},
        "logs": {one.timeframe: one.log_digest for one in verdict.series},
    }


def _stand_then(facts: Facts) -> dict[str, Any]:
    gate = facts["gate"]
    return {
        "rules": (gate["rules_version"], gate["policy_digest"], gate["calendar_version"]),
        "decisions": [*gate["decisions"], *gate.get("withdrawn", ())],
        "listed": {
            name: told["gate"].get("listed", asdict(UNLISTED))
            for name, told in facts["timeframes"].items()
        },
        "sealed": {
            name for name, told in facts["timeframes"].items() if "rejected_file" in told["gate"]
        },
        "logs": {name: told["raw_log_digest"] for name, told in facts["timeframes"].items()},
    }
