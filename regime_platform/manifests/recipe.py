"""The recipe: everything a symbol's numbers follow from, and its digest.

Same recipe digest, same numbers, to the bit. So the libraries that calculate are part of it:
another release may round the last bit otherwise. The git commit is not, since a commit to the docs
changes no number; it is recorded beside the recipe.
"""

from collections.abc import Mapping
from typing import Any

from regime_platform.model.digests import facts_digest
from regime_platform.model.result_schema import RESULT_SCHEMA_DIGEST


def recipe_facts(
    *,
    bars: Mapping[str, str],
    params_fingerprint: str,
    eras: Mapping[str, Any],
    compute_digest: str,
    libraries: Mapping[str, str],
) -> dict[str, Any]:
    """The recipe as plain values.

    Args:
        bars: timeframe -> content digest of the bars used.
        params_fingerprint: of the parameters in force.
        eras: version, class, reason and boundaries of the eras the symbol is ranked in.
        compute_digest: of the sources that compute.
        libraries: versions of those that calculate.
    """
    return {
        "bars": dict(bars),
        "params_fingerprint": params_fingerprint,
        "eras": dict(eras),
        "compute_digest": compute_digest,
        "libraries": dict(libraries),
        "result_schema_digest": RESULT_SCHEMA_DIGEST,
    }


def recipe_digest(recipe: Mapping[str, Any]) -> str:
    """SHA-256 hex of a recipe."""
    return facts_digest(recipe)


def is_same_recipe(stored: Mapping[str, Any], current: Mapping[str, Any]) -> bool:
    """True where both make the same numbers: eras may have another name but lie where they lay."""
    return _numbers(stored) == _numbers(current)


def differs_in_bars_alone(stored: Mapping[str, Any], current: Mapping[str, Any]) -> bool:
    """True where the stored rows of unchanged bars are what would be computed for them now."""
    return _without_bars(_numbers(stored)) == _without_bars(_numbers(current))


def is_stale_code(stored: Mapping[str, Any], current: Mapping[str, Any]) -> bool:
    """True where parameters, code or schema differ though the bars are the same.

    Other eras alone are no such case: they were adopted by an explicit act, which wants its results
    made anew.
    """
    same_bars = stored.get("bars") == current["bars"]
    return same_bars and _without_eras(stored) != _without_eras(current)


def _without_eras(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in recipe.items() if name != "eras"}


def _without_bars(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in numbers.items() if name != "bars"}


def _numbers(recipe: Mapping[str, Any]) -> dict[str, Any]:
    eras = recipe.get("eras", {})
    return {**_without_eras(recipe), "boundaries": eras.get("boundaries")}
