"""What the verdict and the bar manifest of a symbol recorded of the files beside them.

Decisions, splits, price factors and instruments are records that only grow: what was recorded once
must be in them for good, and what came later stands in them beside it. A document that is damaged
records nothing here; `verify` reports it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import whole_manifest
from regime_platform.errors import RegimeError
from regime_platform.files import read_json
from regime_platform.validation.overrides import Override

Facts = Mapping[str, Any]


def recorded_decisions(paths: SymbolPaths) -> tuple[Override, ...]:
    """The decisions that the verdict, or the manifest where it has them otherwise, was made by."""
    manifest = whole_manifest(paths.manifest)
    gate = {} if manifest is None else manifest["manifest"].get("gate", {})
    found = {entry.id: entry for facts in (_verdict(paths), gate) for entry in _entries(facts)}
    return tuple(found[number] for number in sorted(found))


def recorded_of(paths: SymbolPaths, name: str) -> Any:
    """What the bar manifest recorded under a name (``splits``, ...); None where nothing."""
    manifest = whole_manifest(paths.manifest)
    return None if manifest is None else manifest["manifest"].get("records", {}).get(name)


def recorded_first_dates(paths: SymbolPaths) -> dict[str, str]:
    """Timeframe -> first bar of the source by which the verdict in force was reached, if known."""
    try:
        listed = {
            series["timeframe"]: series["listed"]["first"] for series in _verdict(paths)["series"]
        }
    except (KeyError, TypeError):
        return {}
    return {str(timeframe): first for timeframe, first in listed.items() if first}


def _verdict(paths: SymbolPaths) -> Facts:
    try:
        facts = read_json(paths.verdict)
    except RegimeError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _entries(facts: Facts) -> Iterable[Override]:
    try:
        listed = [*facts.get("decisions", ()), *facts.get("withdrawn", ())]
        return [Override.model_validate(entry) for entry in listed]
    except (AttributeError, KeyError, TypeError, ValueError):
        return []
