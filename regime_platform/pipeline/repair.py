"""Puts right what `verify` found, from the raw log alone; nothing is thrown away.

What is damaged is copied, whole, into a folder of its own; what takes its place is promoted,
computed and written anew, over the damaged file at one moment. The repair is a link of the chain,
written before anything is done. What cannot come from the raw log (the log itself) is told and left
alone, unless the loss of raw files is accepted: that is recorded, and what is left is promoted.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regime_platform.bars.chain_file import append_links, read_chain
from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.locks import writing
from regime_platform.errors import BarsError, PathError, RegimeError, failure_reason
from regime_platform.files import copy_file, file_sha256, path_below, write_atomically, write_text
from regime_platform.manifests.chain import missing_ends, repair_link
from regime_platform.manifests.manifest import BARS, RESULTS
from regime_platform.model.digests import canonical_json
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.claim import Claim, claim_of
from regime_platform.pipeline.derive import derive
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.promote import promote, promote_again
from regime_platform.pipeline.proof import RECORDS, Finding, Kind, Proof, unproven
from regime_platform.pipeline.proof_of_evidence import new_aside, restore_renames
from regime_platform.pipeline.proof_of_manifests import is_chain_whole
from regime_platform.pipeline.publish import publish
from regime_platform.pipeline.raw_loss import describe_loss, lost_files
from regime_platform.pipeline.restore_bars import restore_bars
from regime_platform.pipeline.sealed_records import restore_records
from regime_platform.pipeline.verify import verify

_ACCEPT = "accept the loss of raw files: "
_RECORD = "write the records of decisions, splits, price factors, instruments and renames again"
_PROMOTE = "promote the bars again from the raw log"
_COMPUTE = "compute the results anew"
_WRITE = "write the manifests that are not as they should be"
_MANIFESTS = ("compute_manifest.json", "manifest.json")
_DOCUMENTS = frozenset({*_MANIFESTS, "chain.jsonl"})
_RECORDS = tuple(name for name in RECORDS if name != "rejected/")
_OF_PROMOTION = ("bars/", "rejected/", "verdict.json")


@dataclass(frozen=True)
class Plan:
    """What a repair will do, in the order of doing."""

    symbol: str
    proof: Proof
    set_aside: tuple[str, ...] = ()  # files below the symbol's folder
    steps: tuple[str, ...] = ()  # sentences
    beyond: tuple[Finding, ...] = ()  # what no repair can put right
    lost: tuple[str, ...] = ()  # raw files that are gone for good, as was accepted

    @property
    def is_empty(self) -> bool:
        """True where there is nothing that a repair would do."""
        return not self.steps


@dataclass(frozen=True)
class Repaired:
    """What a repair came to."""

    plan: Plan
    after: Proof
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
            "found": [one.facts() for one in self.plan.proof.findings],
            "set_aside": list(self.plan.set_aside),
            "steps": list(self.plan.steps),
            "lost": list(self.plan.lost),
            "beyond_repair": [one.facts() for one in self.plan.beyond],
            "reason": self.reason,
            "after": self.after.facts(),
        }


def plan_repair(platform: Platform, instrument: Instrument, *, accept_loss: bool = False) -> Plan:
    """What would be done; touches nothing.

    ``accept_loss`` goes on without raw files that are gone, where nothing else is beyond repair.
    """
    proof = verify(platform, instrument)
    paths = platform.root.symbol(instrument.symbol)
    faults = [one for one in proof.findings if not one.kind.is_good]
    beyond = tuple(one for one in faults if one.is_beyond_repair)
    lost = lost_files(beyond) if accept_loss else ()
    mendable = [one for one in faults if one not in beyond and one.kind is not Kind.BUSY]
    whats = {one.what for one in mendable if one.kind.is_damage}
    records = {what for what in whats if what.startswith(_RECORDS)}
    bars = {what for what in whats if what.startswith(_OF_PROMOTION)}
    results = whats & {"compute.db"}
    documents = {"chain.jsonl"} & whats if not is_chain_whole(paths, proof.symbol) else set()
    documents |= {name for name in _MANIFESTS if name in whats or _is_named(name, whats)}
    damaged = sorted(records) + sorted(bars) + sorted(results) + sorted(documents)
    aside = [what for what in damaged if _is_file(paths, what)]
    steps = [
        step
        for step, is_wanted in (
            (_RECORD, records),
            (_PROMOTE, [*lost, *bars]),
            (_COMPUTE, results),
            (_WRITE, [*lost, *(one for one in mendable if not one.what.startswith(_RECORDS))]),
        )
        if is_wanted
    ]
    if lost:
        loss = describe_loss(platform, instrument, lost, claim_of(instrument, paths).promoted)
        steps.insert(0, f"{_ACCEPT}{loss}")
    remaining = () if lost else beyond
    return Plan(instrument.symbol, proof, tuple(aside), tuple(steps), remaining, lost)


def repair(platform: Platform, instrument: Instrument, plan: Plan, now: dt.datetime) -> Repaired:
    """Does what was planned, and verifies.

    Every file is made beside the damaged one and put in its place, so that a repair that is killed
    leaves either of them, and a rerun goes on.

    Raises:
        BarsError: what is in force is blocked by the gate, so that nothing can follow from it; or
            the raw log is damaged or gives no bars.
        RegimeError: a step failed; what was set aside stays there, and a rerun goes on.
    """
    if plan.is_empty and not plan.beyond:
        return Repaired(plan, plan.proof)
    paths = platform.root.symbol(instrument.symbol)
    claim = claim_of(instrument, paths)
    _require_mendable(plan, claim)
    with writing(paths):
        _set_aside(paths, plan, claim, now)
        if _RECORD in plan.steps:
            restore_records(paths)
            restore_renames(paths, plan.symbol)
    if _PROMOTE in plan.steps:
        promote_again(platform, instrument, claim.series_in_force)
        if not plan.lost:  # else the raw log gives other bars, which is what was accepted
            restore_bars(platform, instrument, now)
    if _is_done(plan, claim) or (plan.lost and claim_of(instrument, paths).is_held_back):
        return Repaired(plan, verify(platform, instrument))
    promote(platform, instrument)
    derive(platform, instrument, force=_COMPUTE in plan.steps)
    publish(platform, instrument, now, anew=bool(_DOCUMENTS & _damaged(plan)))
    return Repaired(plan, verify(platform, instrument))


def repaired(platform: Platform, instrument: Instrument, plan: Plan, now: dt.datetime) -> Repaired:
    """The same for one symbol of many: what stopped it is reported, and stops no other."""
    try:
        return repair(platform, instrument, plan, now)
    except (RegimeError, OSError) as error:
        return Repaired(plan, verify(platform, instrument), str(error))


def repair_many(
    platform: Platform,
    instruments: Iterable[Instrument],
    now: dt.datetime,
    *,
    accept_loss: bool = False,
    only_plan: bool = False,
) -> Iterator[Repaired]:
    """Plans and does what each symbol needs; what stops one symbol stops no other.

    Args:
        platform: where they live.
        instruments: the symbols.
        now: when it is done.
        accept_loss: see ``plan_repair``.
        only_plan: change nothing.
    """
    for instrument in instruments:
        try:
            plan = plan_repair(platform, instrument, accept_loss=accept_loss)
            done = Repaired(plan, plan.proof)
            yield done if only_plan else repaired(platform, instrument, plan, now)
        except Exception as error:  # noqa: BLE001 - damage nobody foresaw must not stop the others
            reason = failure_reason(error, instrument.symbol)
            proof = unproven(instrument.symbol, reason)
            yield Repaired(Plan(instrument.symbol, proof), proof, reason)


def _is_file(paths: SymbolPaths, what: str) -> bool:
    """True where a finding is about a file below the symbol's folder."""
    try:
        return path_below(paths.folder, what).is_file()
    except PathError:
        return False


def _is_named(name: str, whats: Collection[str]) -> bool:
    """True where a finding is about the contents of a manifest."""
    kinds = {"manifest.json": BARS, "compute_manifest.json": RESULTS}
    return f"manifest of the {kinds[name]}" in whats


def _damaged(plan: Plan) -> set[str]:
    return {one.what for one in plan.proof.findings if one.kind.is_damage} | set(plan.set_aside)


def _needs_results(plan: Plan) -> bool:
    """True where more than records and rejected rows is to be made anew."""
    damage = [one for one in plan.proof.findings if one.kind.is_damage and one not in plan.beyond]
    return not all(one.is_of_record for one in damage)


def _is_done(plan: Plan, claim: Claim) -> bool:
    """True where records are whole again and nothing else was asked for, or could follow."""
    if claim.is_held_back and not _needs_results(plan):
        return True
    is_unfinished = any(one.kind is Kind.UNFINISHED for one in plan.proof.findings)
    return not (is_unfinished or _PROMOTE in plan.steps or _needs_results(plan))


def _require_mendable(plan: Plan, claim: Claim) -> None:
    newer = [one for one in plan.beyond if one.kind is Kind.NEWER]
    if newer:
        told = "; ".join(one.what for one in newer)
        raise BarsError(
            f"a later release wrote {told} of {plan.symbol}, and nothing is made over it; use that "
            "release, or move the files away to have them made anew"
        )
    other = [one for one in plan.beyond if one.remedy]
    if other:
        raise BarsError(f"{plan.symbol}: {other[0].what}: {other[0].reason}; {other[0].remedy}")
    if plan.beyond:
        told = "; ".join(f"{one.what}: {one.reason}" for one in plan.beyond)
        raise BarsError(
            f"the raw log of {plan.symbol} is not what it was ({told}), so nothing can be made of "
            "it; restore the log from a backup, or where there is none, "
            f"{_move_out(plan)}`regime repair {plan.symbol} --accept-loss` goes on without it"
        )
    is_held_back = claim.is_held_back and not plan.lost  # which the bars to come may end
    if is_held_back and claim.verdict is not None and _needs_results(plan):
        raise BarsError(
            f"{plan.symbol} is blocked by the gate ({claim.verdict.reason}), so that nothing can "
            "be made from its bars; decide about them and promote the symbol first, then repair"
        )


def _move_out(plan: Plan) -> str:
    damaged = [fault.what for fault in plan.beyond if not fault.is_raw_loss]
    return f"move {', '.join(damaged)} to somewhere else, then " if damaged else ""


def _set_aside(paths: SymbolPaths, plan: Plan, claim: Claim, now: dt.datetime) -> None:
    """Keeps what is damaged and records the repair; nothing is taken away yet.

    Of a chain that only lost its end, the manifests still have the links.
    """
    target = new_aside(paths, now)
    kept = {}
    for name in plan.set_aside:
        source = path_below(paths.folder, name)
        kept[name] = file_sha256(source)
        write_atomically(path_below(target, name), _copier(source))
    about: dict[str, Any] = {
        "symbol": plan.symbol,
        "found": [one.facts() for one in plan.proof.findings],
        "steps": list(plan.steps),
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


def _copier(source: Path) -> Callable[[Path], None]:
    return lambda temporary: copy_file(source, temporary)
