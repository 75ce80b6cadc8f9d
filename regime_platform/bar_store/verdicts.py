"""verdict.json on disk: the result of the gate, and the pointer to the canonical bars in force.

Its last entry is a digest of the others. A verdict of a release that wrote no such seal has no
entries but those known here.
"""

from collections.abc import Mapping
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import other_symbol
from regime_platform.bar_store.session import keep, read_document, read_once
from regime_platform.errors import BarsError, RegimeError, remedy_of
from regime_platform.files import read_json, write_json
from regime_platform.model.digests import document_digest
from regime_platform.validation.policy import DEFAULT_CONTEXT
from regime_platform.validation.verdict import Verdict

_SEAL = "seal"
_EMPTY = Verdict.of("", (), DEFAULT_CONTEXT, "")
_UNSEALED = frozenset({*_EMPTY.model_dump(mode="json"), "calendar"})


@read_once("verdict")
def read_verdict(paths: SymbolPaths) -> Verdict | None:
    """The verdict in force, None before the first; raises BarsError where the file is damaged."""

    def parse(document: Any) -> Verdict:
        verdict = _parsed(document)
        if reason := other_symbol(paths, verdict.symbol):
            raise BarsError(reason, code="verdict-damaged")
        return verdict

    return read_document(paths.verdict, parse, remedy_of(paths.symbol), "verdict-damaged")


def damaged_verdict(paths: SymbolPaths) -> Mapping[str, Any]:
    """The JSON object of a verdict.json that was changed; empty where there is none."""
    try:
        return read_json(paths.verdict) or {}
    except RegimeError:
        return {}


def recorded_first_dates(paths: SymbolPaths) -> dict[str, str]:
    """Timeframe -> ISO date of the source's first bar that the verdict in force used, if known."""
    try:
        verdict = read_verdict(paths)
        series = () if verdict is None else verdict.validated
        listed = {each.timeframe: each.listed.first for each in series}
    except BarsError:
        listed = _listed_in_damaged(paths)
    return {timeframe: first for timeframe, first in listed.items() if first}


def unsealed(document: Any) -> dict[str, Any]:
    """What the seal of a document covers; raises BarsError where it is no JSON object."""
    if not isinstance(document, dict):
        raise BarsError("it is no verdict", code="verdict-damaged")
    return {name: part for name, part in document.items() if name != _SEAL}


def is_as_sealed(document: Mapping[str, Any]) -> bool:
    """True where the seal matches; without a seal, where no unknown key is present."""
    entries = unsealed(document)
    if _SEAL in document:
        return bool(document[_SEAL] == document_digest(entries))
    return set(entries) <= _UNSEALED


def write_verdict(paths: SymbolPaths, verdict: Verdict) -> None:
    """Puts a verdict in force; hold the lock."""
    entries = verdict.model_dump(mode="json")
    write_json(paths.verdict, {**entries, _SEAL: document_digest(entries)})
    keep(paths, paths.verdict, verdict)


def _parsed(document: Any) -> Verdict:
    entries = unsealed(document)
    if not is_as_sealed(document):
        raise BarsError("it was changed after the gate wrote it", code="verdict-damaged")
    return Verdict.parsed(entries)


def _listed_in_damaged(paths: SymbolPaths) -> dict[str, str]:
    try:
        series = damaged_verdict(paths)["series"]
        return {str(each["timeframe"]): each["listed"]["first"] for each in series}
    except (KeyError, TypeError):
        return {}
