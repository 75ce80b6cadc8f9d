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


def is_stale_code(stored: Mapping[str, Any], current: Mapping[str, Any]) -> bool:
    """True where the bars are the same and anything else of the recipe is not."""
    return stored.get("bars") == current["bars"] and dict(stored) != dict(current)
