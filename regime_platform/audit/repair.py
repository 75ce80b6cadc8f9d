"""Puts right what `verify` found, from the raw log alone; nothing is thrown away.

What is damaged is copied, whole, into a folder of its own; what takes its place is promoted,
computed and written anew, over the damaged file at one moment. The repair is a link of the chain,
written before anything is done. What cannot come from the raw log (the log itself) is told and left
alone, unless the loss of raw files is accepted: that is recorded, and what is left is promoted.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from regime_platform.audit.raw_loss import describe_loss, lost_files
from regime_platform.audit.recorded_state import RecordedState, recorded_state
from regime_platform.audit.restore_bars import restore_bars
from regime_platform.audit.verify.evidence import new_set_aside_folder, restore_renames
from regime_platform.audit.verify.manifests import is_chain_whole
from regime_platform.audit.verify.proof import Verification, unproven
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.chain_file import append_links, read_chain
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.errors import BarsError, PathError, RegimeError, failure_reason
from regime_platform.files import copy_file, file_sha256, path_below, write_atomically, write_text
from regime_platform.manifests.chain import missing_ends, repair_link
from regime_platform.model.digests import canonical_json
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute.compute import compute
from regime_platform.pipeline.finding import AuditFinding, FindingKind, Subject
from regime_platform.pipeline.gate.promote import promote, promote_again
from regime_platform.pipeline.gate.sealed_records import restore_records
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.publish.publish import publish

#: Subjects of damage -> what is made anew from the raw log.
_OF_PROMOTION = frozenset({Subject.BARS, Subject.REJECTED, Subject.VERDICT})
#: Manifests, and the file that each is.
_MANIFESTS = {
    Subject.COMPUTE_MANIFEST: "compute_manifest.json",
    Subject.BAR_MANIFEST: "manifest.json",
}
_DOCUMENTS = frozenset({*_MANIFESTS, Subject.CHAIN})


class RepairStep(StrEnum):
    """What a repair does, in the order of doing; the values are shown and kept in the chain."""

    ACCEPT_LOSS = "accept the loss of raw files"
    RESTORE_RECORDS = (
        "write the records of decisions, splits, price factors, instruments and renames again"
    )
    PROMOTE = "promote the bars again from the raw log"
    COMPUTE = "compute the results anew"
    WRITE_MANIFESTS = "write the manifests that are not as they should be"


@dataclass(frozen=True)
class RepairPlan:
    """What a repair will do."""

    symbol: str
    proof: Verification
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
        """What the damage found is about."""
        return {finding.subject for finding in self.proof.findings if finding.kind.is_damage}

    @property
    def needs_results(self) -> bool:
        """True where more than records and rejected rows is made anew."""
        damage = [each for each in self.proof.findings if each.kind.is_damage]
        return not all(each.is_of_record for each in damage if each not in self.beyond)


@dataclass(frozen=True)
class RepairOutcome:
    """What a repair came to."""

    plan: RepairPlan
    after: Verification
    reason: str = ""  # why it did not come to its end

    @property
    def symbol(self) -> str:
        """Whose it was."""
        return self.plan.symbol

    @property
    def status(self) -> Status:
        """Good where everything is proven now."""
        if not self.after.status.is_good:
            return Status.FAILED
        return Status.UNCHANGED if self.plan.is_empty else Status.DONE

    def facts(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {
            "symbol": self.symbol,
            "found": [finding.facts() for finding in self.plan.proof.findings],
            "set_aside": list(self.plan.set_aside),
            "steps": self.plan.sentences,
            "lost": list(self.plan.lost),
            "beyond_repair": [one.facts() for one in self.plan.beyond],
            "reason": self.reason,
            "after": self.after.facts(),
        }


def plan_repair(
    workspace: RunWorkspace, instrument: Instrument, *, accept_loss: bool = False
) -> RepairPlan:
    """What would be done; touches nothing.

    ``accept_loss`` goes on without raw files that are gone, where nothing else is beyond repair.
    """
    proof = verify(workspace, instrument)
    paths = workspace.root.symbol(instrument.symbol)
    faults = [each for each in proof.findings if not each.kind.is_good]
    beyond = tuple(each for each in faults if each.is_beyond_repair)
    lost = lost_files(beyond) if accept_loss else ()
    mendable = [each for each in faults if each not in beyond and each.kind is not FindingKind.BUSY]
    damage = [each for each in mendable if each.kind.is_damage]
    records = {each.what for each in damage if each.subject is Subject.RECORD}
    bars = {each.what for each in damage if each.subject in _OF_PROMOTION}
    results = {each.what for each in damage if each.subject is Subject.RESULTS}
    documents = {
        _MANIFESTS[each.subject] for each in damage if each.subject in _MANIFESTS
    } | _lost_chain(paths, damage)
    damaged = sorted(records) + sorted(bars) + sorted(results) + sorted(documents)
    unwritten = [each for each in mendable if each.subject is not Subject.RECORD]
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


def repair(
    workspace: RunWorkspace, instrument: Instrument, plan: RepairPlan, now: dt.datetime
) -> RepairOutcome:
    """Does what was planned, and verifies.

    Every file is made beside the damaged one and put in its place, so that a repair that is killed
    leaves either of them, and a rerun goes on.

    Raises:
        BarsError: what is in force is blocked by the gate, so that nothing can follow from it; or
            the raw log is damaged or gives no bars.
        RegimeError: a step failed; what was set aside stays there, and a rerun goes on.
    """
    if plan.is_empty and not plan.beyond:
        return RepairOutcome(plan, plan.proof)
    paths = workspace.root.symbol(instrument.symbol)
    claim = recorded_state(instrument, paths)
    _require_mendable(plan, claim)
    with writing(paths):
        _set_aside(paths, plan, claim, now)
        if RepairStep.RESTORE_RECORDS in plan.steps:
            restore_records(paths)
            restore_renames(paths, plan.symbol)
    if RepairStep.PROMOTE in plan.steps:
        promote_again(workspace, instrument, claim.series_in_force)
        if not plan.lost:  # else the raw log gives other bars, which is what was accepted
            restore_bars(workspace, instrument, now)
    if _is_done(plan, claim) or (plan.lost and recorded_state(instrument, paths).is_held_back):
        return RepairOutcome(plan, verify(workspace, instrument))
    promote(workspace, instrument)
    compute(workspace, instrument, force=RepairStep.COMPUTE in plan.steps)
    publish(workspace, instrument, now, anew=bool(_DOCUMENTS & plan.damaged))
    return RepairOutcome(plan, verify(workspace, instrument))


def try_repair(
    workspace: RunWorkspace, instrument: Instrument, plan: RepairPlan, now: dt.datetime
) -> RepairOutcome:
    """The same for one symbol of many: what stopped it is reported, and stops no other."""
    try:
        return repair(workspace, instrument, plan, now)
    except (RegimeError, OSError) as error:
        return RepairOutcome(plan, verify(workspace, instrument), str(error))


def repair_many(
    workspace: RunWorkspace,
    instruments: Iterable[Instrument],
    now: dt.datetime,
    *,
    accept_loss: bool = False,
    only_plan: bool = False,
) -> Iterator[RepairOutcome]:
    """Plans and does what each symbol needs; what stops one symbol stops no other.

    Args:
        workspace: where they live.
        instruments: the symbols.
        now: when it is done.
        accept_loss: see ``plan_repair``.
        only_plan: change nothing.
    """
    for instrument in instruments:
        try:
            plan = plan_repair(workspace, instrument, accept_loss=accept_loss)
            done = RepairOutcome(plan, plan.proof)
            yield done if only_plan else try_repair(workspace, instrument, plan, now)
        except Exception as error:  # noqa: BLE001 - damage nobody foresaw must not stop the others
            reason = failure_reason(error, instrument.symbol)
            proof = unproven(instrument.symbol, reason)
            yield RepairOutcome(RepairPlan(instrument.symbol, proof), proof, reason)


def _is_file(paths: SymbolPaths, what: str) -> bool:
    """True where a finding is about a file below the symbol's folder."""
    try:
        return path_below(paths.folder, what).is_file()
    except PathError:
        return False


def _lost_chain(paths: SymbolPaths, damage: Iterable[AuditFinding]) -> set[str]:
    """The chain where it is begun anew, since it lost more than its end."""
    chain = {each.what for each in damage if each.subject is Subject.CHAIN}
    return set() if is_chain_whole(paths, paths.symbol) else chain


def _is_done(plan: RepairPlan, claim: RecordedState) -> bool:
    """True where records are whole again and nothing else was asked for, or could follow."""
    if claim.is_held_back and not plan.needs_results:
        return True
    is_unfinished = any(finding.kind is FindingKind.UNFINISHED for finding in plan.proof.findings)
    return not (is_unfinished or RepairStep.PROMOTE in plan.steps or plan.needs_results)


def _require_mendable(plan: RepairPlan, claim: RecordedState) -> None:
    newer = [one for one in plan.beyond if one.kind is FindingKind.NEWER]
    if newer:
        told = "; ".join(one.what for one in newer)
        raise BarsError(
            f"a later release wrote {told} of {plan.symbol}, and nothing is made over it; use that "
            "release, or move the files away to have them made anew",
            code="written-by-later-release",
        )
    other = [one for one in plan.beyond if one.remedy]
    if other:
        raise BarsError(
            f"{plan.symbol}: {other[0].what}: {other[0].reason}; {other[0].remedy}",
            code="beyond-repair",
        )
    if plan.beyond:
        told = "; ".join(f"{one.what}: {one.reason}" for one in plan.beyond)
        raise BarsError(
            f"the raw log of {plan.symbol} is not what it was ({told}), so nothing can be made of "
            "it; restore the log from a backup, or where there is none, "
            f"{_move_out(plan)}`regime repair {plan.symbol} --accept-loss` goes on without it",
            code="raw-log-damaged",
        )
    is_held_back = claim.is_held_back and not plan.lost  # which the bars to come may end
    if is_held_back and claim.verdict is not None and plan.needs_results:
        raise BarsError(
            f"{plan.symbol} is blocked by the gate ({claim.verdict.reason}), so that nothing can "
            "be made from its bars; decide about them and promote the symbol first, then repair",
            code="blocked",
        )


def _move_out(plan: RepairPlan) -> str:
    damaged = [fault.what for fault in plan.beyond if not fault.is_raw_loss]
    return f"move {', '.join(damaged)} to somewhere else, then " if damaged else ""


def _set_aside(
    paths: SymbolPaths, plan: RepairPlan, claim: RecordedState, now: dt.datetime
) -> None:
    """Keeps what is damaged and records the repair; nothing is taken away yet.

    Of a chain that only lost its end, the manifests still have the links.
    """
    target = new_set_aside_folder(paths, now)
    kept = {}
    for name in plan.set_aside:
        source = path_below(paths.folder, name)
        kept[name] = file_sha256(source)
        write_atomically(path_below(target, name), partial(copy_file, source))
    about: dict[str, Any] = {
        "symbol": plan.symbol,
        "found": [finding.facts() for finding in plan.proof.findings],
        "steps": plan.sentences,
        "set_aside": kept,
        "folder": target.name,
        **({"lost": list(plan.lost)} if plan.lost else {}),
    }
    if "chain.jsonl" in kept:  # kept whole in the folder of what is set aside
        write_text(paths.chain, f"{canonical_json(repair_link([], about, now))}\n")
    else:
        links = read_chain(paths)
        ends = [] if not links else missing_ends(links, claim.documents.values())
        append_links(paths, [*ends, repair_link(links, about, now)])
    for name in plan.set_aside:
        if name.startswith("set_aside/"):  # evidence that was changed is evidence no more
            path_below(paths.folder, name).unlink()
