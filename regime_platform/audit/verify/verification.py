"""The result of verifying a symbol, for tables, JSON, exit codes and Dagster checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from regime_platform.audit.verify.finding import AuditFinding, FindingKind, Subject
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
    is_blocked: bool = False  # by the gate, so that no run or repair goes beyond the bars

    @property
    def result(self) -> str:
        """``proven``, ``empty`` where nothing was ever stored, or the gravest kind of finding."""
        if not self.findings:
            return "proven" if self.digests else "empty"
        return "proven" if self._worst.is_good else self._worst.value

    @property
    def status(self) -> Status:
        """Good where every stored number is proven."""
        is_good = all(finding.kind.is_good for finding in self.findings)
        return Status.UNCHANGED if is_good else Status.FAILED

    @property
    def reason(self) -> str:
        """All findings in a line."""
        return "; ".join(f"{finding.what}: {finding.reason}" for finding in self.findings)

    @property
    def remedy(self) -> str | None:
        """The remedy of the most severe finding; None without findings."""
        if not self.findings:
            return None
        if self._worst is FindingKind.NEWER:
            return "use the release that wrote it"
        beyond = [finding for finding in self.findings if finding.is_beyond_repair]
        if beyond:
            return beyond[0].remedy or f"restore its raw log from a backup; {self._without_backup}"
        return self._repair_remedy

    @property
    def _without_backup(self) -> str:
        is_damaged = any(
            finding.is_beyond_repair and not finding.is_raw_loss for finding in self.findings
        )
        first = "move the damaged files out of it, then " if is_damaged else ""
        return f"without a backup {first}regime repair {self.symbol} --accept-loss"

    @property
    def _repair_remedy(self) -> str:
        if any(finding.is_of_record for finding in self.findings):
            return f"regime repair {self.symbol}"
        if self._worst is FindingKind.BUSY:
            return f"wait until compute.db is closed, then regime verify {self.symbol}"
        needs_override = self.is_blocked and not self._is_of_board_alone
        if needs_override and not any(finding.waits_for_run for finding in self.findings):
            return f"exclude or accept the bars that the gate blocks, then {self._command}"
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
            promote = f"regime promote {self.symbol} and " if self.is_blocked else ""
            return f"{promote}regime repair {self.symbol}"
        if self._is_of_board_alone:
            return f"regime promote {self.symbol}"
        is_stale = self._worst is FindingKind.STALE and not self.is_blocked
        return f"regime {'compute --force' if is_stale else 'run'} {self.symbol}"


def unproven(symbol: str, why: str) -> Verification:
    """The result for a symbol that could not be verified."""
    reason = f"cannot be verified: {why}"
    return Verification(
        symbol, (AuditFinding(FindingKind.UNREADABLE, Subject.SYMBOL, "the symbol", reason),)
    )
