"""decisions.yaml on disk: the overrides of bars of a symbol.

It is compared with the record in verdict and bar manifest whenever it is read: without a lost
entry, an excluded bar would pass unnoticed.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import whole_bar_manifest
from regime_platform.bar_store.session import read_once
from regime_platform.bar_store.verdicts import damaged_verdict, read_verdict
from regime_platform.errors import BarsError, ConfigError
from regime_platform.files import write_text
from regime_platform.model.instants import instant
from regime_platform.regular_files import read_bytes
from regime_platform.revisions.withdrawals import Withdrawal
from regime_platform.validation.overrides import (
    Override,
    OverrideKind,
    in_force,
    overrides_text,
    parse_overrides,
    restored,
)


def read_overrides(paths: SymbolPaths) -> tuple[Override, ...]:
    """All entries in order; raises ConfigError where the file is damaged or lacks recorded ones."""
    entries = stored_overrides(paths)
    reason = why_not_whole(paths, entries, recorded_overrides(paths))
    if reason:
        raise ConfigError(
            f"{paths.decisions} {reason}; `regime repair {paths.symbol}` writes it again from "
            "the record of the verdict (`regime bars undo` withdraws an override)",
            code="overrides-lost",
        )
    return entries


@read_once("decisions")
def stored_overrides(paths: SymbolPaths) -> tuple[Override, ...]:
    """The entries of the file as they are; raises ConfigError where it is damaged."""
    try:
        text = read_bytes(paths.decisions)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigError(
            f"cannot read {paths.decisions}: {error}; correct that first", code="unreadable-file"
        ) from error
    return parse_overrides(text, paths.symbol, str(paths.decisions))


def withdrawals(
    paths: SymbolPaths, timeframe: str, as_of: dt.datetime | None = None
) -> tuple[Withdrawal, ...]:
    """The ranges of a series that an operator withdrew; ``as_of`` leaves out later entries."""
    entries = stored_overrides(paths)
    if as_of is not None:
        entries = tuple(entry for entry in entries if instant(entry.at) <= as_of)
    return tuple(
        Withdrawal(entry.opens, entry.last, instant(entry.at))
        for entry in in_force(entries)
        if entry.kind is OverrideKind.WITHDRAW and entry.timeframe == timeframe
    )


def recorded_overrides(paths: SymbolPaths) -> tuple[Override, ...]:
    """The overrides in the bar manifest and, where it lacks them, in the verdict; by id."""
    manifest = whole_bar_manifest(paths)
    gate = {} if manifest is None else manifest.manifest.gate.as_json()
    return restored(list(_of_verdict(paths)), list(_entries(gate)))


def why_not_whole(
    paths: SymbolPaths, entries: Sequence[Override], recorded: Sequence[Override]
) -> str:
    """Why the file lacks a recorded entry; empty where it lacks none."""
    missing = [entry for entry in recorded if entry not in entries]
    if not missing:
        return ""
    which = ", ".join(str(entry.id) for entry in missing)
    if not paths.decisions.exists():
        return f"is missing, and with it override {which}, which the verdict in force applies"
    return f"no longer has override {which} as it is recorded in the verdict in force"


def restore_overrides(paths: SymbolPaths) -> None:
    """Writes the file again from recorded entries and later ones; hold the lock."""
    try:
        entries = stored_overrides(paths)
    except ConfigError:
        entries = ()
    whole = restored(entries, recorded_overrides(paths))
    if whole:
        write_overrides(paths, whole)
    else:
        paths.decisions.unlink(missing_ok=True)


def write_overrides(paths: SymbolPaths, entries: Sequence[Override]) -> None:
    """Replaces the entries of the file; hold the lock."""
    write_text(paths.decisions, overrides_text(paths.symbol, entries))


def _of_verdict(paths: SymbolPaths) -> Iterable[Override]:
    try:
        verdict = read_verdict(paths)
    except BarsError:
        return _entries(damaged_verdict(paths))
    return () if verdict is None else (*verdict.overrides, *verdict.withdrawn)


def _entries(document: Mapping[str, Any]) -> Iterable[Override]:
    try:
        listed = [*document.get("decisions", ()), *document.get("withdrawn", ())]
        return [Override.model_validate(entry) for entry in listed]
    except (AttributeError, KeyError, TypeError, ValueError):
        return ()
