"""Puts right what `verify` found, from the raw log alone; nothing is thrown away.

What is damaged is set aside, whole, in a folder of its own; what takes its place is promoted,
computed and written anew. The repair is a link of the chain, written before anything is done. What
cannot come from the raw log (the log itself) is told and left alone.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from regime_platform.bars.canonical import write_parts
from regime_platform.bars.chain_file import append_links, read_chain
from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.locks import writing
from regime_platform.bars.verdicts import read_verdict, write_verdict
from regime_platform.errors import BarsError, PathError, RegimeError
from regime_platform.files import copy_file, file_sha256, path_below, write_atomically
from regime_platform.manifests.chain import repair_link
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.as_of import bars_as_of
from regime_platform.pipeline.derive import derive
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.promote import promote
from regime_platform.pipeline.proof import Finding, Kind, Proof
from regime_platform.pipeline.publish import publish
from regime_platform.pipeline.verify import verify
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import SeriesVerdict

_PROMOTE = "promote the bars again from the raw log"
_MANIFESTS = ("manifest.json", "compute_manifest.json", "chain.jsonl")


@dataclass(frozen=True)
class Plan:
    """What a repair will do, in the order of doing."""

    symbol: str
    proof: Proof
    set_aside: tuple[str, ...] = ()  # files below the symbol's folder
    steps: tuple[str, ...] = ()  # sentences
    beyond: tuple[Finding, ...] = ()  # what no repair can put right

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
            "beyond_repair": [one.facts() for one in self.plan.beyond],
            "reason": self.reason,
            "after": self.after.facts(),
        }


def plan_repair(platform: Platform, instrument: Instrument) -> Plan:
    """What would be done; touches nothing."""
    proof = verify(platform, instrument)
    paths = platform.root.symbol(instrument.symbol)
    faults = [one for one in proof.findings if not one.kind.is_good]
    beyond = tuple(one for one in faults if one.is_beyond_repair)
    mendable = [one for one in faults if one not in beyond and one.kind is not Kind.BUSY]
    whats = {one.what for one in mendable if one.kind.is_damage}
    bars = sorted(what for what in whats if what.startswith("bars/") or what == "verdict.json")
    results = "compute.db" in whats
    documents = bool(whats.intersection(_MANIFESTS)) or any("manifest of" in one for one in whats)
    aside = [what for what in bars if _is_file(paths, what)]
    aside += ["compute.db"] if results and paths.compute_db.exists() else []
    if documents:
        aside += [name for name in _MANIFESTS if (paths.folder / name).exists()]
    steps = []
    if bars:
        steps.append(_PROMOTE)
    if results:
        steps.append("compute the results anew")
    if mendable:
        steps.append("write the manifests that are not as they should be")
    return Plan(instrument.symbol, proof, tuple(aside), tuple(steps), beyond)


def repair(platform: Platform, instrument: Instrument, plan: Plan, now: dt.datetime) -> Repaired:
    """Does what was planned, and verifies.

    Raises:
        BarsError: what is in force is blocked by the gate, so that nothing can follow from it; or
            the raw log gives no bars.
        RegimeError: a step failed; what was set aside stays there, and a rerun goes on.
    """
    if plan.is_empty and not plan.beyond:
        return Repaired(plan, plan.proof)
    paths = platform.root.symbol(instrument.symbol)
    _require_mendable(paths, plan)
    with writing(paths):
        _set_aside(paths, plan, now)
    promote(platform, instrument)
    if _PROMOTE in plan.steps:
        _restore_bars(platform, instrument, now)
    derive(platform, instrument, force="compute.db" in plan.set_aside)
    publish(platform, instrument, now)
    return Repaired(plan, verify(platform, instrument))


def repaired(platform: Platform, instrument: Instrument, plan: Plan, now: dt.datetime) -> Repaired:
    """The same for one symbol of many: what stopped it is told, and stops no other."""
    try:
        return repair(platform, instrument, plan, now)
    except (RegimeError, OSError) as error:
        return Repaired(plan, verify(platform, instrument), str(error))


def _is_file(paths: SymbolPaths, what: str) -> bool:
    """True where a finding is about a file below the symbol's folder."""
    try:
        return path_below(paths.folder, what).is_file()
    except PathError:
        return False


def _require_mendable(paths: SymbolPaths, plan: Plan) -> None:
    newer = [one for one in plan.beyond if one.kind is Kind.NEWER]
    if newer:
        told = "; ".join(one.what for one in newer)
        raise BarsError(
            f"a later release wrote {told} of {plan.symbol}, and nothing is made over it; use that "
            "release, or move the files away to have them made anew"
        )
    if plan.beyond:
        told = "; ".join(f"{one.what}: {one.reason}" for one in plan.beyond)
        raise BarsError(
            f"the raw log of {plan.symbol} is not what it was ({told}), so nothing can be made of "
            "it; restore the log from a backup, or take the file out and fetch the symbol again"
        )
    try:
        verdict = read_verdict(paths)
    except BarsError:
        return  # it is about to be made anew
    if verdict is not None and verdict.status == BLOCKED:
        raise BarsError(
            f"{plan.symbol} is blocked by the gate ({verdict.reason}), so that nothing can be made "
            "from its bars; decide about them and promote the symbol first, then repair"
        )


def _set_aside(paths: SymbolPaths, plan: Plan, now: dt.datetime) -> None:
    """Keeps what is damaged, records the repair, and only then takes it out of use."""
    target = paths.set_aside / now.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
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
    }
    _record(paths, about, now, is_new="chain.jsonl" in kept)
    for name in plan.set_aside:
        if name != "chain.jsonl":
            path_below(paths.folder, name).unlink(missing_ok=True)


def _record(
    paths: SymbolPaths, about: dict[str, object], now: dt.datetime, *, is_new: bool
) -> None:
    if is_new:
        paths.chain.unlink()  # kept whole in the folder of what is set aside
    append_links(paths, [repair_link(read_chain(paths), about, now)])


def _copier(source: Path) -> Callable[[Path], None]:
    return lambda temporary: copy_file(source, temporary)


def _restored(
    platform: Platform, instrument: Instrument, one: SeriesVerdict, now: dt.datetime
) -> SeriesVerdict:
    """One series with its parts as they were; a blocked one with its last good bars.

    Raises:
        BarsError: the raw log gives other bars than those that were in force.
    """
    held = one.promoted
    if held is None and one.status != BLOCKED:
        return one
    found = bars_as_of(platform, instrument, one.timeframe, now)
    if held is not None and found.digest != held.digest:
        raise BarsError(
            f"{instrument.symbol} {one.timeframe}: the raw log gives other bars than those in "
            "force; remove verdict.json and promote the symbol again"
        )
    if found.bars.is_empty():
        return one
    folder = platform.root.symbol(instrument.symbol).bars(one.timeframe)
    parts = write_parts(folder, one.timeframe, found.bars, instrument.symbol, held)
    return replace(one, promoted=parts)


def _restore_bars(platform: Platform, instrument: Instrument, now: dt.datetime) -> None:
    """The parts in force, written again where they are not there, and the pointers to them."""
    paths = platform.root.symbol(instrument.symbol)
    with writing(paths):
        verdict = read_verdict(paths)
        if verdict is None:
            return
        series = [_restored(platform, instrument, one, now) for one in verdict.series]
        mended = replace(verdict, series=tuple(series))
        if mended != verdict:
            write_verdict(paths, mended)
