"""The compute manifest: what the results are, and everything they were made from."""

from collections.abc import Mapping
from typing import Any

from regime_platform.manifests.manifest import MANIFEST_VERSION, RESULTS
from regime_platform.manifests.recipe import recipe_digest
from regime_platform.model.digests import facts_digest
from regime_platform.model.result_schema import RESULT_SCHEMA_DIGEST, RESULT_SCHEMA_VERSION


def compute_manifest(symbol: str, lineage: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of compute_manifest.json.

    Args:
        symbol: the symbol.
        lineage: what compute.db says of itself: ``series``, ``recipe``, ``code`` (as they were when
            it was computed) and ``tables``.
    """
    series = lineage["series"]
    return {
        "kind": RESULTS,
        "manifest_version": MANIFEST_VERSION,
        "symbol": symbol,
        "asof": {one["timeframe"]: one["max_ts"] for one in series},
        "series": {one["timeframe"]: dict(one) for one in series},
        "bar_count_used": sum(one["bars"] for one in series),
        "result_schema": {"version": RESULT_SCHEMA_VERSION, "digest": RESULT_SCHEMA_DIGEST},
        "tables": dict(lineage["tables"]),
        "content_digest": facts_digest(lineage["tables"]),
        "recipe": dict(lineage["recipe"]),
        "recipe_digest": recipe_digest(lineage["recipe"]),
        "code": dict(lineage["code"]),
    }
