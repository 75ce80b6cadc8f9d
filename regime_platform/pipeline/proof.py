"""What verifying a symbol found, for tables, JSON, exit codes and Dagster checks alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from regime_platform.pipeline.outcomes import Status

#: Files below a symbol's folder that are written anew from what verdict and manifest recorded.
RECORDS = (
    "decisions.yaml",
    "splits.json",
    "price_factors.json",
    "identity.json",
    "rejected/",
    "renames.json",
    "set_aside/",
)


class Kind(StrEnum):
    """What is wrong with one thing, the gravest first."""

    NEWER = "newer"  # a later release wrote it, so that this one cannot tell
    UNREADABLE = "unreadable"  # bytes that are no file of ours any more
    CHANGED = "changed"  # it is there and is not what was written
    MISSING = "missing"
    EXTRA = "extra"  # nothing that this platform keeps names it
    BUSY = "busy"  # somebody has it open for writing, so that nobody can look
    UNFINISHED = "unfinished"  # no run has come to its manifests yet; the next one goes on
    PENDING = "pending"  # proven, and a decision waits for the next run to obey it
    STALE = "stale"  # proven, and a run of today would make it otherwise

    @property
    def is_good(self) -> bool:
        """True where the numbers held are proven all the same."""
        return self in {Kind.PENDING, Kind.STALE}

    @property
    def is_damage(self) -> bool:
        """True where no run ever leaves it so."""
        return self not in {Kind.BUSY, Kind.UNFINISHED, Kind.PENDING, Kind.STALE}


#: What a finding is about where the board does not show the results of a symbol as they are.
BOARD = "board.parquet"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as the manifests say."""

    kind: Kind
    what: str  # a file below the symbol's folder, or a table of compute.db
    reason: str
    remedy: str = ""  # where it is another than that of the whole proof

    @property
    def is_unjudged(self) -> bool:
        """True of a file of the raw log that the gate has not seen yet."""
        return self.what.startswith("raw") and self.kind is Kind.UNFINISHED

    @property
    def waits_for_run(self) -> bool:
        """True where a run may end with other bars than those that are blocked."""
        return self.is_unjudged or self.kind is Kind.PENDING

    @property
    def is_beyond_repair(self) -> bool:
        """True where nothing may be made anew: of a damaged raw log, or over a later release's."""
        is_of_raw_log = self.what.startswith("raw") and not self.is_unjudged
        return is_of_raw_log or self.kind is Kind.NEWER or bool(self.remedy)

    @property
    def is_raw_loss(self) -> bool:
        """True of a file of the raw log that is gone."""
        return self.what.startswith("raw/") and self.kind is Kind.MISSING

    @property
    def is_of_record(self) -> bool:
        """True of what a repair writes anew without a word about bars, blocked or not."""
        return self.kind.is_damage and self.what.startswith(RECORDS)

    def facts(self) -> dict[str, str]:
        """Plain values for ``--json``."""
        return {"kind": self.kind.value, "what": self.what, "reason": self.reason}


@dataclass(frozen=True)
class Proof:
    """What is proven of one symbol, and what is not."""

    symbol: str
    findings: tuple[Finding, ...] = ()
    bars: int = 0  # canonical bars read and hashed
    rows: int = 0  # rows of compute.db read and hashed
    files: int = 0  # files of bars and raw log whose bytes were hashed
    links: int = 0  # manifests in the chain
    digests: Mapping[str, str] = field(default_factory=dict)  # content of bars and results, recipe
    is_recomputed: bool = False
    is_held_back: bool = False  # by the gate, so that no run or repair goes beyond the bars

    @property
    def word(self) -> str:
        """``proven``, ``empty`` where nothing was ever held, or the gravest kind of finding."""
        if not self.findings:
            return "proven" if self.digests else "empty"
        return "proven" if self._worst.is_good else self._worst.value

    @property
    def status(self) -> Status:
        """Good where every number held is proven."""
        is_good = all(one.kind.is_good for one in self.findings)
        return Status.UNCHANGED if is_good else Status.FAILED

    @property
    def reason(self) -> str:
        """All findings in a line."""
        return "; ".join(f"{one.what}: {one.reason}" for one in self.findings)

    @property
    def remedy(self) -> str | None:
        """What mends the gravest that was found; None where nothing was."""
        if not self.findings:
            return None
        if self._worst is Kind.NEWER:
            return "use the release that wrote it"
        beyond = [finding for finding in self.findings if finding.is_beyond_repair]
        if beyond:
            return beyond[0].remedy or f"restore its raw log from a backup; {self._without_backup}"
        return self._mending

    @property
    def _without_backup(self) -> str:
        is_damaged = any(
            finding.is_beyond_repair and not finding.is_raw_loss for finding in self.findings
        )
        first = "move the damaged files out of it, then " if is_damaged else ""
        return f"without a backup {first}regime repair {self.symbol} --accept-loss"

    @property
    def _mending(self) -> str:
        if any(one.is_of_record for one in self.findings):
            return f"regime repair {self.symbol}"
        if self._worst is Kind.BUSY:
            return f"wait for whoever has compute.db open, then regime verify {self.symbol}"
        needs_decision = self.is_held_back and not self._is_of_board_alone
        if needs_decision and not any(one.waits_for_run for one in self.findings):
            return f"decide about the bars that the gate holds back, then {self._command}"
        return self._command

    @property
    def _is_of_board_alone(self) -> bool:
        return {one.what for one in self.findings if not one.kind.is_good} == {BOARD}

    @property
    def _worst(self) -> Kind:
        return min((one.kind for one in self.findings), key=list(Kind).index)

    @property
    def _command(self) -> str:
        if self._worst.is_damage:
            judged = f"regime promote {self.symbol} and " if self.is_held_back else ""
            return f"{judged}regime repair {self.symbol}"
        if self._is_of_board_alone:
            return f"regime promote {self.symbol}"
        is_stale = self._worst is Kind.STALE and not self.is_held_back
        return f"regime {'compute --force' if is_stale else 'run'} {self.symbol}"

    def facts(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {
            "symbol": self.symbol,
            "proof": self.word,
            "findings": [one.facts() for one in self.findings],
            "remedy": self.remedy,
            "bars": self.bars,
            "rows": self.rows,
            "files": self.files,
            "links": self.links,
            "digests": dict(self.digests),
            "is_recomputed": self.is_recomputed,
        }


def unproven(symbol: str, why: str) -> Proof:
    """The proof of a symbol that something kept from being looked at."""
    reason = f"cannot be verified: {why}"
    return Proof(symbol, (Finding(Kind.UNREADABLE, "the symbol", reason),))
