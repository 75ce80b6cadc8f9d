"""What verifying a symbol found, for tables, JSON, exit codes and Dagster checks alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regime_platform.pipeline.finding import AuditFinding, FindingKind, Subject
from regime_platform.pipeline.outcomes import Status

#: The name of the board in findings.
BOARD = "board.parquet"


@dataclass(frozen=True)
class Verification:
    """What is proven of one symbol, and what is not."""

    symbol: str
    findings: tuple[AuditFinding, ...] = ()
    bars: int = 0  # canonical bars read and hashed
    rows: int = 0  # rows of compute.db read and hashed
    files: int = 0  # files of bars and raw log whose bytes were hashed
    links: int = 0  # manifests in the chain
    digests: Mapping[str, str] = field(default_factory=dict)  # content of bars and results, recipe
    is_recomputed: bool = False
    is_held_back: bool = False  # by the gate, so that no run or repair goes beyond the bars

    @property
    def result(self) -> str:
        """``proven``, ``empty`` where nothing was ever held, or the gravest kind of finding."""
        if not self.findings:
            return "proven" if self.digests else "empty"
        return "proven" if self._worst.is_good else self._worst.value

    @property
    def status(self) -> Status:
        """Good where every number held is proven."""
        is_good = all(finding.kind.is_good for finding in self.findings)
        return Status.UNCHANGED if is_good else Status.FAILED

    @property
    def reason(self) -> str:
        """All findings in a line."""
        return "; ".join(f"{finding.what}: {finding.reason}" for finding in self.findings)

    @property
    def remedy(self) -> str | None:
        """What mends the gravest that was found; None where nothing was."""
        if not self.findings:
            return None
        if self._worst is FindingKind.NEWER:
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
        if any(finding.is_of_record for finding in self.findings):
            return f"regime repair {self.symbol}"
        if self._worst is FindingKind.BUSY:
            return f"wait for whoever has compute.db open, then regime verify {self.symbol}"
        needs_decision = self.is_held_back and not self._is_of_board_alone
        if needs_decision and not any(finding.waits_for_run for finding in self.findings):
            return f"decide about the bars that the gate holds back, then {self._command}"
        return self._command

    @property
    def _is_of_board_alone(self) -> bool:
        return {finding.subject for finding in self.findings if not finding.kind.is_good} == {
            Subject.BOARD
        }

    @property
    def _worst(self) -> FindingKind:
        return min((finding.kind for finding in self.findings), key=list(FindingKind).index)

    @property
    def _command(self) -> str:
        if self._worst.is_damage:
            judged = f"regime promote {self.symbol} and " if self.is_held_back else ""
            return f"{judged}regime repair {self.symbol}"
        if self._is_of_board_alone:
            return f"regime promote {self.symbol}"
        is_stale = self._worst is FindingKind.STALE and not self.is_held_back
        return f"regime {'compute --force' if is_stale else 'run'} {self.symbol}"

    def facts(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {
            "symbol": self.symbol,
            "proof": self.result,
            "findings": [finding.facts() for finding in self.findings],
            "remedy": self.remedy,
            "bars": self.bars,
            "rows": self.rows,
            "files": self.files,
            "links": self.links,
            "digests": dict(self.digests),
            "is_recomputed": self.is_recomputed,
        }


def unproven(symbol: str, why: str) -> Verification:
    """The proof of a symbol that something kept from being looked at."""
    reason = f"cannot be verified: {why}"
    return Verification(
        symbol, (AuditFinding(FindingKind.UNREADABLE, Subject.SYMBOL, "the symbol", reason),)
    )
