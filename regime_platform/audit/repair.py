"""Repairs what `verify` found damaged, from the raw log alone; nothing is thrown away.

Damaged files are copied whole into a folder of their own; then bars, results and manifests are made
again, each replacing the damaged file atomically. The repair is a link of the chain, written before
anything is done. A damaged raw log is reported and left alone, unless its loss is accepted.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from regime_platform.audit.as_of import bars_as_of
from regime_platform.audit.repair_plan import RepairPlan, RepairStep, plan_repair
from regime_platform.audit.verify.recorded_state import RecordedState
from regime_platform.audit.verify.records import new_set_aside_folder, restore_renames
from regime_platform.audit.verify.verification import FindingKind, Subject, Verification, unproven
from regime_platform.audit.verify.verify import stored_state, verify
from regime_platform.bar_store.canonical import write_parts
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.manifest_files import append_links, read_chain
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.errors import BarsError, RegimeError, failure_reason
from regime_platform.files import copy_file, file_sha256, path_below, write_atomically, write_text
from regime_platform.manifests.chain import missing_ends, repair_link
from regime_platform.model.digests import canonical_json
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute import compute
from regime_platform.pipeline.gate.intact import restore_records
from regime_platform.pipeline.gate.promote import promote, promote_again
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.publish import publish
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import SeriesVerdict

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

    def as_json(self) -> dict[str, Any]:
        """One symbol of ``regime repair --json``."""
        plan = self.plan
        return {
            "symbol": self.symbol,
            "found": [finding.as_json() for finding in plan.before.findings],
            "set_aside": list(plan.set_aside),
            "to_compare": list(plan.to_compare),
            "steps": plan.sentences,
            "lost": list(plan.lost),
            "beyond_repair": [finding.as_json() for finding in plan.beyond],
            "reason": self.reason,
            "after": self.after.as_json(),
        }


def repair(
    workspace: RunWorkspace, instrument: Instrument, plan: RepairPlan, now: dt.datetime
) -> RepairOutcome:
    """Does what was planned, and verifies the symbol; an error is the reason of the outcome.

    Every file is made beside the damaged one and put in its place, so that a repair that fails or
    is killed leaves either of them, and a rerun goes on.
    """
    if plan.is_empty and not plan.beyond:
        return RepairOutcome(plan, plan.before)
    reason = ""
    try:
        _carry_out(workspace, instrument, plan, now)
    except (RegimeError, OSError) as error:
        reason = failure_reason(error, plan.symbol)
    return RepairOutcome(plan, verify(workspace, instrument), reason)


def repair_many(
    workspace: RunWorkspace,
    instruments: Iterable[Instrument],
    now: dt.datetime,
    *,
    accept_loss: bool = False,
    only_plan: bool = False,
) -> Iterator[RepairOutcome]:
    """Plans and repairs each symbol; an error of one symbol does not stop the others.

    ``only_plan`` changes nothing; ``accept_loss``: see `plan_repair`.
    """
    for instrument in instruments:
        try:
            plan = plan_repair(workspace, instrument, accept_loss=accept_loss)
            done = RepairOutcome(plan, plan.before)
            yield done if only_plan else repair(workspace, instrument, plan, now)
        except Exception as error:  # noqa: BLE001 - unforeseen damage must not stop the others
            reason = failure_reason(error, instrument.symbol)
            proof = unproven(instrument.symbol, reason)
            yield RepairOutcome(RepairPlan(instrument.symbol, proof), proof, reason)


def _carry_out(
    workspace: RunWorkspace, instrument: Instrument, plan: RepairPlan, now: dt.datetime
) -> None:
    paths = workspace.root.symbol(instrument.symbol)
    state = stored_state(workspace, instrument)
    _require_repairable(plan, state)
    with writing(paths):
        _set_aside(paths, plan, state, now)
        if RepairStep.RESTORE_RECORDS in plan.steps:
            restore_records(paths)
            restore_renames(paths, plan.symbol)
    if RepairStep.PROMOTE in plan.steps:
        promote_again(workspace, instrument, state.series)
        if not plan.lost:  # else the raw log gives other bars, which is what was accepted
            _restore_bars(workspace, instrument, now)
    is_blocked_now = plan.lost and stored_state(workspace, instrument).is_blocked
    if not (_is_done(plan, state) or is_blocked_now):
        promote(workspace, instrument)
        compute(workspace, instrument, force=RepairStep.COMPUTE in plan.steps)
        is_of_document = any(finding.subject in _DOCUMENTS for finding in plan.damage)
        publish(workspace, instrument, now, anew=is_of_document)


def _is_done(plan: RepairPlan, state: RecordedState) -> bool:
    """True where the records are whole again and nothing else is to be made, or can be."""
    if state.is_blocked and not plan.needs_results:
        return True
    is_unfinished = any(finding.kind is FindingKind.UNFINISHED for finding in plan.before.findings)
    return not (is_unfinished or RepairStep.PROMOTE in plan.steps or plan.needs_results)


def _require_repairable(plan: RepairPlan, state: RecordedState) -> None:
    newer = [finding.what for finding in plan.beyond if finding.kind is FindingKind.NEWER]
    if newer:
        raise BarsError(
            f"a later release wrote {'; '.join(newer)} of {plan.symbol}, which no repair replaces; "
            "use that release, or move the files away to have them made again",
            code="written-by-later-release",
        )
    for finding in (each for each in plan.beyond if each.remedy):
        raise BarsError(f"{plan.symbol}: {finding}; {finding.remedy}", code="beyond-repair")
    if plan.beyond:
        damaged = [fault.what for fault in plan.beyond if not fault.is_raw_loss]
        first = f"move {', '.join(damaged)} to somewhere else, then " if damaged else ""
        raise BarsError(
            f"the raw log of {plan.symbol} is not what it was "
            f"({'; '.join(map(str, plan.beyond))}), so nothing can be made of it; restore the log "
            f"from a backup, or where there is none, {first}`regime repair {plan.symbol} "
            "--accept-loss` goes on without it",
            code="raw-log-damaged",
        )
    is_blocked = state.is_blocked and not plan.lost  # which the bars to come may end
    if is_blocked and state.verdict is not None and plan.needs_results:
        raise BarsError(
            f"{plan.symbol} is blocked by the gate ({state.verdict.message}), so that nothing can "
            "be made from its bars; exclude or accept them, promote the symbol, then repair",
            code="blocked",
        )


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
    if paths.chain.name in kept:  # kept whole in the folder of what is set aside
        write_text(paths.chain, f"{canonical_json(repair_link([], about, now).as_json())}\n")
    else:
        links = read_chain(paths)
        ends = missing_ends(links, state.manifests) if links else []
        append_links(paths, [*ends, repair_link(links, about, now)])
    for name in plan.set_aside:
        if name.startswith("set_aside/"):  # a changed copy proves nothing
            path_below(paths.folder, name).unlink()


def _restore_bars(workspace: RunWorkspace, instrument: Instrument, now: dt.datetime) -> None:
    """Writes missing parts of the bars in force again with their former bytes, and the verdict."""
    paths = workspace.root.symbol(instrument.symbol)
    with writing(paths):
        verdict = read_verdict(paths)
        if verdict is None:
            return
        series = tuple(_restored(workspace, instrument, each, now) for each in verdict.series)
        restored = verdict.model_copy(update={"series": series})
        if restored != verdict:
            write_verdict(paths, restored)


def _restored(
    workspace: RunWorkspace, instrument: Instrument, series: SeriesVerdict, now: dt.datetime
) -> SeriesVerdict:
    """One series with its parts as they were; a blocked one with its last good bars."""
    promoted = series.promoted
    if promoted is None and series.status != BLOCKED:
        return series
    known = bars_as_of(workspace, instrument, series.timeframe, now)
    if promoted is not None and known.digest != promoted.digest:
        raise BarsError(
            f"{instrument.symbol} {series.timeframe}: the raw log gives other bars than those in "
            "force, so the log is not whole; restore it from a backup",
            code="raw-log-gives-other-bars",
        )
    if known.bars.is_empty():
        return series
    folder = workspace.root.symbol(instrument.symbol).bars(series.timeframe)
    parts = write_parts(folder, series.timeframe, known.bars, instrument.symbol, promoted)
    return series.model_copy(update={"promoted": parts})
