"""What a repair would do: which files it copies aside, and which steps it takes.

A plan is made from the findings of `verify` alone and changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from regime_platform.audit.raw_loss import describe_loss, lost_files
from regime_platform.audit.recorded_state import recorded_state
from regime_platform.audit.verify.finding import AuditFinding, FindingKind, Subject
from regime_platform.audit.verify.manifests import is_chain_whole
from regime_platform.audit.verify.verification import Verification
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import PathError
from regime_platform.files import path_below
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.run_workspace import RunWorkspace

#: Subjects of damage -> what is made again from the raw log.
_OF_PROMOTION = frozenset({Subject.BARS, Subject.REJECTED, Subject.VERDICT})
#: Manifests, and the file that each is.
_MANIFESTS = {
    Subject.COMPUTE_MANIFEST: "compute_manifest.json",
    Subject.BAR_MANIFEST: "manifest.json",
}


class RepairStep(StrEnum):
    """What a repair does, in this order; the values are shown and stored in the chain."""

    ACCEPT_LOSS = "accept the loss of raw files"
    RESTORE_RECORDS = (
        "write the records of decisions, splits, price factors, instruments and renames again"
    )
    PROMOTE = "promote the bars again from the raw log"
    COMPUTE = "compute the results again"
    WRITE_MANIFESTS = "write the manifests that are not as they should be"


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
    def is_empty(self) -> bool:
        """True where there is nothing that a repair would do."""
        return not self.steps

    @property
    def sentences(self) -> list[str]:
        """The steps in words."""
        accepted = f"{RepairStep.ACCEPT_LOSS}: {self.loss}"
        return [accepted if step is RepairStep.ACCEPT_LOSS else step.value for step in self.steps]

    @property
    def damaged(self) -> set[Subject]:
        """The subjects of the damage."""
        return {finding.subject for finding in self.before.findings if finding.kind.is_damage}

    @property
    def needs_results(self) -> bool:
        """True where more than records and rejected rows is made again."""
        damage = [each for each in self.before.findings if each.kind.is_damage]
        return not all(each.is_of_record for each in damage if each not in self.beyond)


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
    lost = lost_files(beyond) if accept_loss else ()
    repairable = [
        each for each in faults if each not in beyond and each.kind is not FindingKind.BUSY
    ]
    damage = [each for each in repairable if each.kind.is_damage]
    records = {each.what for each in damage if each.subject is Subject.RECORD}
    bars = {each.what for each in damage if each.subject in _OF_PROMOTION}
    results = {each.what for each in damage if each.subject is Subject.RESULTS}
    documents = {
        _MANIFESTS[each.subject] for each in damage if each.subject in _MANIFESTS
    } | _lost_chain(paths, damage)
    damaged = sorted(records) + sorted(bars) + sorted(results) + sorted(documents)
    unwritten = [each for each in repairable if each.subject is not Subject.RECORD]
    is_wanted = {
        RepairStep.ACCEPT_LOSS: lost,
        RepairStep.RESTORE_RECORDS: records,
        RepairStep.PROMOTE: lost or bars,
        RepairStep.COMPUTE: results,
        RepairStep.WRITE_MANIFESTS: lost or unwritten,
    }
    loss = (
        describe_loss(workspace, instrument, lost, recorded_state(instrument, paths).promoted)
        if lost
        else ""
    )
    return RepairPlan(
        instrument.symbol,
        proof,
        set_aside=tuple(name for name in damaged if _is_file(paths, name)),
        steps=tuple(step for step in RepairStep if is_wanted[step]),
        beyond=() if lost else beyond,
        lost=lost,
        loss=loss,
    )


def _is_file(paths: SymbolPaths, what: str) -> bool:
    """True where a finding is about a file below the symbol's folder."""
    try:
        return path_below(paths.folder, what).is_file()
    except PathError:
        return False


def _lost_chain(paths: SymbolPaths, damage: Iterable[AuditFinding]) -> set[str]:
    """The name of the chain where more than its end is lost, so that a new one is begun."""
    chain = {each.what for each in damage if each.subject is Subject.CHAIN}
    return set() if is_chain_whole(paths, paths.symbol) else chain
