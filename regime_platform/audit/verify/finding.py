"""What an audit finds: one thing stored that is not as manifests, verdict and records state."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class FindingKind(StrEnum):
    """What is wrong, the gravest first."""

    NEWER = "newer"  # written by a later release, so that this one cannot read it
    UNREADABLE = "unreadable"  # not a file of the expected format
    CHANGED = "changed"  # readable, and not what was written
    MISSING = "missing"
    EXTRA = "extra"  # no document names it
    BUSY = "busy"  # open for writing elsewhere, so that it cannot be read
    UNFINISHED = "unfinished"  # a run has not reached the manifests yet; the next one continues
    PENDING = "pending"  # proven, and an override waits for the next run to apply it
    STALE = "stale"  # proven, and a run of today would compute something else

    @property
    def is_good(self) -> bool:
        """True where the stored numbers are proven all the same."""
        return self in {FindingKind.PENDING, FindingKind.STALE}

    @property
    def is_damage(self) -> bool:
        """True where no run leaves things like that, not even one that was killed."""
        return not self.is_good and self not in {FindingKind.BUSY, FindingKind.UNFINISHED}


class Subject(Enum):
    """What a finding is about."""

    SYMBOL = auto()  # the symbol's folder as a whole
    RAW_LOG = auto()
    BARS = auto()  # canonical bars
    REJECTED = auto()  # rows that the gate rejected
    VERDICT = auto()
    RECORD = auto()  # overrides, splits, price factors, instruments, renames, what was set aside
    RESULTS = auto()  # compute.db
    BAR_MANIFEST = auto()
    COMPUTE_MANIFEST = auto()
    CHAIN = auto()
    ERAS = auto()
    BOARD = auto()
    ARCHIVE = auto()
    RENAME_JOURNAL = auto()


@dataclass(frozen=True)
class AuditFinding:
    """One thing that is not as the manifests state."""

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
    def waits_for_run(self) -> bool:
        """True where a run may end with other bars than those that are blocked."""
        return self.is_unvalidated or self.kind is FindingKind.PENDING

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
    def is_of_record(self) -> bool:
        """True of damage that is repaired without promoting bars, whether blocked or not."""
        return self.kind.is_damage and self.subject in {Subject.RECORD, Subject.REJECTED}

    def as_json(self) -> dict[str, str]:
        """Plain values for ``--json`` and for the link of a repair in the chain."""
        return {"kind": self.kind.value, "what": self.what, "reason": self.reason}
