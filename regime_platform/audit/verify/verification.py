"""What verifying a symbol gives: its findings, for tables, JSON, exit codes and Dagster checks."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from regime_platform.errors import remedy_of
from regime_platform.manifests.standing import RESULTS_PENDING
from regime_platform.pipeline.outcomes import Status


class FindingKind(StrEnum):
    """What is wrong, the gravest first."""

    NEWER = "newer"  # written by a later release, so that this one cannot read it
    UNREADABLE = "unreadable"  # not a file of the expected format
    CHANGED = "changed"  # readable, and not what was written
    MISSING = "missing"
    EXTRA = "extra"  # no document names it
    BUSY = "busy"  # open for writing elsewhere, so that it cannot be read
    UNFINISHED = "unfinished"  # a run has not reached the manifests yet; the next one continues
    NO_BARS = "no_bars"  # there is nothing to prove: the symbol has no bar
    PENDING = "pending"  # proven, and a decision or a bar waits for the next run
    STALE = "stale"  # proven, and a run of today would compute something else

    @property
    def is_good(self) -> bool:
        """True where the stored numbers are proven all the same."""
        return self in {FindingKind.PENDING, FindingKind.STALE}

    @property
    def is_damage(self) -> bool:
        """True where no run leaves things like that, not even one that was killed."""
        harmless = {FindingKind.BUSY, FindingKind.UNFINISHED, FindingKind.NO_BARS}
        return not self.is_good and self not in harmless


class Subject(StrEnum):
    """What a finding is about, by the name that it bears where it is about no other file."""

    SYMBOL = "the symbol"  # its folder as a whole
    RAW_LOG = "raw"
    BARS = "bars"  # canonical bars
    REJECTED = "rejected"  # rows that the gate rejected
    VERDICT = "verdict.json"
    RECORD = "records"  # overrides, splits, instruments, actions, renames, what was set aside
    RESULTS = "compute.db"
    BAR_MANIFEST = "manifest.json"
    COMPUTE_MANIFEST = "compute_manifest.json"
    CHAIN = "chain.jsonl"
    ERAS = "eras"
    BOARD = "board.parquet"
    ARCHIVE = "archive"
    RENAME_JOURNAL = "renames.json"

    def finding(
        self, kind: FindingKind, reason: object, what: str = "", remedy: str = ""
    ) -> "AuditFinding":
        """A finding about it, or about ``what`` of it."""
        return AuditFinding(kind, self, what or self.value, str(reason), remedy)


@dataclass(frozen=True)
class AuditFinding:
    """One thing stored that is not as manifests, verdict and records state."""

    kind: FindingKind
    subject: Subject
    what: str  # its name: mostly a file below the symbol's folder
    reason: str
    remedy: str = ""  # where it is another than that of all findings together

    @property
    def is_unvalidated(self) -> bool:
        """True of a file of the raw log that the gate has not validated yet."""
        return self.subject is Subject.RAW_LOG and self.kind is FindingKind.UNFINISHED

    @property
    def is_beyond_repair(self) -> bool:
        """True where a repair has no source: the raw log itself, or a later release's file."""
        is_of_raw_log = self.subject is Subject.RAW_LOG and not self.is_unvalidated
        return is_of_raw_log or self.kind is FindingKind.NEWER or bool(self.remedy)

    @property
    def is_raw_loss(self) -> bool:
        """True of a file of the raw log that is gone."""
        return self.subject is Subject.RAW_LOG and self.kind is FindingKind.MISSING

    @property
    def is_of_pending_results(self) -> bool:
        """True where bars were promoted and not computed yet."""
        return self.subject is Subject.RESULTS and self.kind is FindingKind.PENDING

    @property
    def is_of_record(self) -> bool:
        """True of damage that is repaired without promoting bars, whether blocked or not."""
        subjects = {Subject.RECORD, Subject.REJECTED, Subject.BARS}
        return self.kind.is_damage and self.subject in subjects

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"

    def as_json(self) -> dict[str, str]:
        """Plain values for ``--json`` and for the link of a repair in the chain."""
        return {"kind": self.kind.value, "what": self.what, "reason": self.reason}


@dataclass
class Verification:
    """What is proven of one symbol, and what is not; every check adds to it."""

    symbol: str
    findings: list[AuditFinding] = field(default_factory=list)
    bars: int = 0  # canonical bars read and hashed
    rows: int = 0  # rows of compute.db read and hashed
    files: int = 0  # files of bars and raw log whose bytes were hashed
    links: int = 0  # manifests in the chain
    digests: dict[str, str] = field(default_factory=dict)  # content of bars and results, recipe
    is_recomputed: bool = False
    is_blocked: bool = False  # by the gate, so that no run or repair goes beyond the bars

    @property
    def result(self) -> str:
        """``proven``, the gravest kind of finding, or that results are still to be computed."""
        if self.findings and not self._worst.is_good:
            return self._worst.value
        return RESULTS_PENDING if self.is_pending else "proven"

    @property
    def is_pending(self) -> bool:
        """True where no results were computed from the bars in force yet."""
        return any(finding.is_of_pending_results for finding in self.findings)

    @property
    def is_damaged(self) -> bool:
        """True where something is not as any run leaves it."""
        return any(finding.kind.is_damage for finding in self.findings)

    @property
    def status(self) -> Status:
        """Good where every stored number is proven."""
        is_good = all(finding.kind.is_good for finding in self.findings)
        return Status.UNCHANGED if is_good else Status.FAILED

    @property
    def reason(self) -> str:
        """All findings in a line."""
        return "; ".join(map(str, self.findings))

    @property
    def remedy(self) -> str | None:
        """What ends the gravest finding; None without findings."""
        if not self.findings:
            return None
        if self._worst is FindingKind.NEWER:
            return "use the release that wrote it"
        if self._worst is FindingKind.NO_BARS:
            return f"regime run {self.symbol}"
        beyond = [finding for finding in self.findings if finding.is_beyond_repair]
        if not beyond:
            return self._remedy_here
        is_loss_alone = all(finding.is_raw_loss for finding in beyond)
        first = "" if is_loss_alone else "move the damaged files out of it, then "
        without = f"without a backup {first}regime repair {self.symbol} --accept-loss"
        return beyond[0].remedy or f"restore its raw log from a backup; {without}"

    def as_json(self) -> dict[str, Any]:
        """One symbol of ``regime verify --json``."""
        return {
            "symbol": self.symbol,
            "proof": self.result,
            "findings": [finding.as_json() for finding in self.findings],
            "remedy": self.remedy,
            "bars": self.bars,
            "rows": self.rows,
            "files": self.files,
            "links": self.links,
            "digests": dict(self.digests),
            "is_recomputed": self.is_recomputed,
        }

    @property
    def _worst(self) -> FindingKind:
        return min((finding.kind for finding in self.findings), key=list(FindingKind).index)

    @property
    def _remedy_here(self) -> str:
        """The remedy of findings that a run or a repair ends."""
        if any(finding.is_of_record for finding in self.findings):
            return f"regime repair {self.symbol}"
        if self._worst is FindingKind.BUSY:
            return f"wait until compute.db is closed, then regime verify {self.symbol}"
        subjects = {finding.subject for finding in self.findings if not finding.kind.is_good}
        if subjects == {Subject.BOARD}:
            return f"regime promote {self.symbol}"
        command = self._command
        waits_for_run = any(
            finding.is_unvalidated
            or (finding.kind is FindingKind.PENDING and not finding.is_of_pending_results)
            for finding in self.findings
        )  # which may end with other bars than those that are blocked
        if self.is_blocked and not waits_for_run:
            return f"do what the message of the gate says, then {command}"
        return command

    @property
    def _command(self) -> str:
        if self._worst.is_damage:
            promote = f"regime promote {self.symbol} and " if self.is_blocked else ""
            return f"{promote}regime repair {self.symbol}"
        is_stale = self._worst is FindingKind.STALE and not self.is_blocked
        if self._worst is FindingKind.PENDING and self.is_pending and not self.is_blocked:
            return f"regime compute {self.symbol}"
        return f"regime {'compute --force' if is_stale else 'run'} {self.symbol}"


def unproven(symbol: str, why: str) -> Verification:
    """The result for a symbol that could not be verified."""
    reason = f"cannot be verified: {why}"
    return Verification(symbol, [Subject.SYMBOL.finding(FindingKind.UNREADABLE, reason)])


def fault_of(error: Exception, symbol: str) -> str:
    """What an error states, without the remedy: that of all findings is shown once."""
    return str(error).removesuffix(f"; {remedy_of(symbol)}")
