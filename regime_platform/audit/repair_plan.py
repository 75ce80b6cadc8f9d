"""What a repair would do: which files it copies aside, and which steps it takes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from regime_platform.audit.verify.results import validated_series
from regime_platform.audit.verify.verification import (
    AuditFinding,
    FindingKind,
    Subject,
    Verification,
)
from regime_platform.audit.verify.verify import stored_state, verify
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import PathError, RegimeError
from regime_platform.files import path_below
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.gate import BLOCKED


class RepairStep(StrEnum):
    """What a repair does, in this order; the values are shown and stored in the chain."""

    ACCEPT_LOSS = "accept the loss of raw files"
    RESTORE_RECORDS = (
        "write the records of decisions, splits, price factors, instruments, actions "
        "and renames again"
    )
    PROMOTE = "promote the bars again from the raw log"
    COMPUTE = "compute the results again"
    WRITE_MANIFESTS = "write the manifests that are not as they should be"


#: Step -> the subjects of what it makes again.
_MAKES = {
    RepairStep.RESTORE_RECORDS: {Subject.RECORD},
    RepairStep.PROMOTE: {Subject.BARS, Subject.REJECTED, Subject.VERDICT},
    RepairStep.COMPUTE: {Subject.RESULTS},
    RepairStep.WRITE_MANIFESTS: {Subject.COMPUTE_MANIFEST, Subject.BAR_MANIFEST, Subject.CHAIN},
}


#: Files of entries that verdict and manifests record once a run has applied them, not before.
_ENTERED = frozenset({"decisions.yaml", "actions.json"})


@dataclass(frozen=True)
class RepairPlan:
    """What a repair will do."""

    symbol: str
    before: Verification
    set_aside: tuple[str, ...] = ()  # files below the symbol's folder
    steps: tuple[RepairStep, ...] = ()
    beyond: tuple[AuditFinding, ...] = ()  # what no repair can put right
    lost: tuple[str, ...] = ()  # raw files that are gone for good, as was accepted
    loss: str = ""  # these files, and what their bars come to

    @property
    def to_compare(self) -> tuple[str, ...]:
        """Damaged files that may have had what no other file records: entries of an operator."""
        return tuple(name for name in self.set_aside if name in _ENTERED)

    @property
    def is_empty(self) -> bool:
        """True where there is nothing that a repair would do."""
        return not self.steps

    @property
    def sentences(self) -> list[str]:
        """The steps in words."""
        accepted = f"{RepairStep.ACCEPT_LOSS}: {self.loss}"
        return [accepted if step is RepairStep.ACCEPT_LOSS else step.value for step in self.steps]

    @property
    def damage(self) -> list[AuditFinding]:
        """The findings that no run leaves behind."""
        return [finding for finding in self.before.findings if finding.kind.is_damage]

    @property
    def needs_results(self) -> bool:
        """True where more than records and rejected rows is made again."""
        return not all(each.is_of_record for each in self.damage if each not in self.beyond)


def plan_repair(
    workspace: RunWorkspace, instrument: Instrument, *, accept_loss: bool = False
) -> RepairPlan:
    """What a repair would do; changes nothing.

    ``accept_loss``: continue without raw files that are gone, where nothing else is beyond repair.
    """
    proof = verify(workspace, instrument)
    paths = workspace.root.symbol(instrument.symbol)
    faults = [each for each in proof.findings if not each.kind.is_good]
    beyond = tuple(each for each in faults if each.is_beyond_repair)
    is_accepted = accept_loss and all(each.is_raw_loss for each in beyond)
    lost = tuple(each.what for each in beyond) if is_accepted else ()
    nothing_to_do = {FindingKind.BUSY, FindingKind.NO_BARS}
    repairable = [each for each in faults if each not in beyond and each.kind not in nothing_to_do]
    damaged: dict[RepairStep, list[str]] = {
        step: sorted({each.what for each in repairable if _is_made_again(each, subjects)})
        for step, subjects in _MAKES.items()
    }
    unwritten = [each for each in repairable if each.subject is not Subject.RECORD]
    is_wanted = {
        **damaged,
        RepairStep.ACCEPT_LOSS: lost,
        RepairStep.PROMOTE: lost or damaged[RepairStep.PROMOTE],
        RepairStep.WRITE_MANIFESTS: lost or unwritten,
    }
    names = [name for files in damaged.values() for name in files if _is_file(paths, name)]
    return RepairPlan(
        instrument.symbol,
        proof,
        set_aside=tuple(names),
        steps=tuple(step for step in RepairStep if is_wanted[step]),
        beyond=() if lost else beyond,
        lost=lost,
        loss=_describe_loss(workspace, instrument, lost) if lost else "",
    )


def _is_made_again(finding: AuditFinding, subjects: Collection[Subject]) -> bool:
    """True of damage; a chain that lost nothing but its end is completed instead."""
    is_lost_end = finding.subject is Subject.CHAIN and finding.kind is FindingKind.MISSING
    return finding.kind.is_damage and finding.subject in subjects and not is_lost_end


def _is_file(paths: SymbolPaths, what: str) -> bool:
    """True where a finding is about a file below the symbol's folder."""
    try:
        return path_below(paths.folder, what).is_file()
    except PathError:
        return False


def _describe_loss(workspace: RunWorkspace, instrument: Instrument, lost: Iterable[str]) -> str:
    """The raw files that are gone, and how many of the bars in force are left without them."""
    files = tuple(lost)
    try:
        validated = validated_series(workspace, instrument)
    except (RegimeError, OSError):  # reported as a finding, and repaired before a promotion
        return ", ".join(files)
    promoted = stored_state(workspace, instrument).promoted
    effects = []
    for timeframe in {file.split("/")[1]: None for file in files}:
        if timeframe not in validated or timeframe not in promoted:
            continue
        result, bars = validated[timeframe].result, promoted[timeframe].rows
        effects.append(
            f"{timeframe} is blocked by the gate without them and keeps its last good bars"
            if result.status == BLOCKED
            else f"{timeframe} has {result.valid.height:,} bars without them, {bars:,} are in force"
        )
    return "; ".join([", ".join(files), *effects])
