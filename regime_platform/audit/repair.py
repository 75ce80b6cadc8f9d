"""Repairs what `verify` found damaged, from the raw log alone; nothing is thrown away.

Damaged files are copied whole into a folder of their own; then bars are promoted, results computed
and manifests written again, each replacing the damaged file atomically. The repair is a link of the
chain, written before anything is done. The raw log itself cannot be repaired: it is reported and
left alone, unless the loss of raw files is accepted; then that is recorded and the rest promoted.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from regime_platform.audit.recorded_state import RecordedState, recorded_state
from regime_platform.audit.repair_plan import RepairPlan, RepairStep, plan_repair
from regime_platform.audit.restore_bars import restore_bars
from regime_platform.audit.verify.evidence import new_set_aside_folder, restore_renames
from regime_platform.audit.verify.finding import FindingKind, Subject
from regime_platform.audit.verify.verification import Verification, unproven
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.chain_file import append_links, read_chain
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.errors import BarsError, RegimeError, failure_reason
from regime_platform.files import copy_file, file_sha256, path_below, write_atomically, write_text
from regime_platform.manifests.chain import missing_ends, repair_link
from regime_platform.model.digests import canonical_json
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute.compute import compute
from regime_platform.pipeline.gate.promote import promote, promote_again
from regime_platform.pipeline.gate.records import restore_records
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.publish.publish import publish
from regime_platform.pipeline.run_workspace import RunWorkspace

_DOCUMENTS = frozenset({Subject.COMPUTE_MANIFEST, Subject.BAR_MANIFEST, Subject.CHAIN})


@dataclass(frozen=True)
class RepairOutcome:
    """The result of a repair."""

    plan: RepairPlan
    after: Verification
    reason: str = ""  # why it was not completed

    @property
    def symbol(self) -> str:
        """The symbol."""
        return self.plan.symbol

    @property
    def status(self) -> Status:
        """Good where everything is proven now."""
        if not self.after.status.is_good:
            return Status.FAILED
        return Status.UNCHANGED if self.plan.is_empty else Status.DONE


def repair(
    workspace: RunWorkspace, instrument: Instrument, plan: RepairPlan, now: dt.datetime
) -> RepairOutcome:
    """Does what was planned, and verifies the symbol.

    Every file is made beside the damaged one and put in its place, so that a repair that is killed
    leaves either of them, and a rerun goes on.

    Raises:
        BarsError: the symbol is blocked by the gate, so that no results can be made; or the raw log
            is damaged or gives no bars.
        RegimeError: a step failed; what was set aside stays there, and a rerun goes on.
    """
    if plan.is_empty and not plan.beyond:
        return RepairOutcome(plan, plan.before)
    paths = workspace.root.symbol(instrument.symbol)
    state = recorded_state(instrument, paths)
    _require_repairable(plan, state)
    with writing(paths):
        _set_aside(paths, plan, state, now)
        if RepairStep.RESTORE_RECORDS in plan.steps:
            restore_records(paths)
            restore_renames(paths, plan.symbol)
    if RepairStep.PROMOTE in plan.steps:
        promote_again(workspace, instrument, state.series_in_force)
        if not plan.lost:  # else the raw log gives other bars, which is what was accepted
            restore_bars(workspace, instrument, now)
    if _is_done(plan, state) or (plan.lost and recorded_state(instrument, paths).is_blocked):
        return RepairOutcome(plan, verify(workspace, instrument))
    promote(workspace, instrument)
    compute(workspace, instrument, force=RepairStep.COMPUTE in plan.steps)
    publish(workspace, instrument, now, anew=bool(_DOCUMENTS & plan.damaged))
    return RepairOutcome(plan, verify(workspace, instrument))


def try_repair(
    workspace: RunWorkspace, instrument: Instrument, plan: RepairPlan, now: dt.datetime
) -> RepairOutcome:
    """Repairs one symbol of many; an error is reported in the outcome instead of raised."""
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
    """Plans and repairs each symbol; an error of one symbol does not stop the others.

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
            done = RepairOutcome(plan, plan.before)
            yield done if only_plan else try_repair(workspace, instrument, plan, now)
        except Exception as error:  # noqa: BLE001 - unforeseen damage must not stop the others
            reason = failure_reason(error, instrument.symbol)
            proof = unproven(instrument.symbol, reason)
            yield RepairOutcome(RepairPlan(instrument.symbol, proof), proof, reason)


def _is_done(plan: RepairPlan, state: RecordedState) -> bool:
    """True where the records are whole again and nothing else is to be made, or can be."""
    if state.is_blocked and not plan.needs_results:
        return True
    is_unfinished = any(finding.kind is FindingKind.UNFINISHED for finding in plan.before.findings)
    return not (is_unfinished or RepairStep.PROMOTE in plan.steps or plan.needs_results)


def _require_repairable(plan: RepairPlan, state: RecordedState) -> None:
    newer = [finding for finding in plan.beyond if finding.kind is FindingKind.NEWER]
    if newer:
        names = "; ".join(finding.what for finding in newer)
        raise BarsError(
            f"a later release wrote {names} of {plan.symbol}, which no repair replaces; use "
            "that release, or move the files away to have them made again",
            code="written-by-later-release",
        )
    other = [finding for finding in plan.beyond if finding.remedy]
    if other:
        raise BarsError(
            f"{plan.symbol}: {other[0].what}: {other[0].reason}; {other[0].remedy}",
            code="beyond-repair",
        )
    if plan.beyond:
        names = "; ".join(f"{finding.what}: {finding.reason}" for finding in plan.beyond)
        raise BarsError(
            f"the raw log of {plan.symbol} is not what it was ({names}), so nothing can be made of "
            "it; restore the log from a backup, or where there is none, "
            f"{_move_out(plan)}`regime repair {plan.symbol} --accept-loss` goes on without it",
            code="raw-log-damaged",
        )
    is_blocked = state.is_blocked and not plan.lost  # which the bars to come may end
    if is_blocked and state.verdict is not None and plan.needs_results:
        raise BarsError(
            f"{plan.symbol} is blocked by the gate ({state.verdict.reason}), so that nothing can "
            "be made from its bars; exclude or accept them, promote the symbol, then repair",
            code="blocked",
        )


def _move_out(plan: RepairPlan) -> str:
    damaged = [fault.what for fault in plan.beyond if not fault.is_raw_loss]
    return f"move {', '.join(damaged)} to somewhere else, then " if damaged else ""


def _set_aside(
    paths: SymbolPaths, plan: RepairPlan, state: RecordedState, now: dt.datetime
) -> None:
    """Copies what is damaged and records the repair; nothing is removed yet.

    A chain that only lost its end is completed from the manifests.
    """
    target = new_set_aside_folder(paths, now)
    kept = {}
    for name in plan.set_aside:
        source = path_below(paths.folder, name)
        kept[name] = file_sha256(source)
        write_atomically(path_below(target, name), partial(copy_file, source))
    about: dict[str, Any] = {
        "symbol": plan.symbol,
        "found": [finding.as_json() for finding in plan.before.findings],
        "steps": plan.sentences,
        "set_aside": kept,
        "folder": target.name,
        **({"lost": list(plan.lost)} if plan.lost else {}),
    }
    if "chain.jsonl" in kept:  # kept whole in the folder of what is set aside
        write_text(paths.chain, f"{canonical_json(repair_link([], about, now).as_json())}\n")
    else:
        links = read_chain(paths)
        ends = [] if not links else missing_ends(links, state.documents)
        append_links(paths, [*ends, repair_link(links, about, now)])
    for name in plan.set_aside:
        if name.startswith("set_aside/"):  # a changed copy proves nothing
            path_below(paths.folder, name).unlink()
