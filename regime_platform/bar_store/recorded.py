"""The entries of append-only files that the verdict and the bar manifest of a symbol recorded.

Overrides, splits, price factors and instruments are only ever added to their files, so the files
must have every recorded entry; they may have later ones. A damaged verdict or manifest counts as
one without entries; `verify` reports it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import whole_bar_manifest
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import BarsError, RegimeError
from regime_platform.files import read_json
from regime_platform.validation.overrides import Override


def recorded_overrides(paths: SymbolPaths) -> tuple[Override, ...]:
    """The overrides in the bar manifest and, where it lacks them, in the verdict; by id."""
    manifest = whole_bar_manifest(paths)
    gate = {} if manifest is None else manifest.manifest.gate.as_json()
    by_id = {entry.id: entry for entry in (*_overrides_of_verdict(paths), *_entries(gate))}
    return tuple(by_id[number] for number in sorted(by_id))


def recorded_of(paths: SymbolPaths, name: str) -> Any:
    """The JSON that the bar manifest recorded under a name (``splits``, ...); None without any."""
    manifest = whole_bar_manifest(paths)
    return None if manifest is None else manifest.manifest.records.as_json().get(name)


def recorded_first_dates(paths: SymbolPaths) -> dict[str, str]:
    """Timeframe -> ISO date of the source's first bar that the verdict in force used, if known."""
    try:
        verdict = read_verdict(paths)
        series = () if verdict is None else verdict.series
        listed = {each.timeframe: each.listed.first for each in series}
    except BarsError:
        listed = _listed_in_damaged(paths)
    return {timeframe: first for timeframe, first in listed.items() if first}


def _overrides_of_verdict(paths: SymbolPaths) -> Iterable[Override]:
    try:
        verdict = read_verdict(paths)
    except BarsError:
        return _entries(_damaged_verdict(paths))
    return () if verdict is None else (*verdict.overrides, *verdict.withdrawn)


def _listed_in_damaged(paths: SymbolPaths) -> dict[str, str]:
    try:
        series = _damaged_verdict(paths)["series"]
        return {str(each["timeframe"]): each["listed"]["first"] for each in series}
    except (KeyError, TypeError):
        return {}


def _damaged_verdict(paths: SymbolPaths) -> Mapping[str, Any]:
    """The JSON object of a verdict.json that was changed; empty where there is none."""
    try:
        document = read_json(paths.verdict)
    except RegimeError:
        return {}
    return document if isinstance(document, dict) else {}


def _entries(document: Mapping[str, Any]) -> Iterable[Override]:
    try:
        listed = [*document.get("decisions", ()), *document.get("withdrawn", ())]
        return [Override.model_validate(entry) for entry in listed]
    except (AttributeError, KeyError, TypeError, ValueError):
        return []
