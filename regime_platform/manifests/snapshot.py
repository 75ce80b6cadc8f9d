"""The snapshot: one manifest per release over all symbols, naming everything that proves it.

An entry per symbol holds its digests, ranges and recipe; whole manifests stay with their symbols.
``content_digest`` says what all the numbers are, ``recipe_digest`` how they were made: neither
depends on the date, the name or the code that took the snapshot.
"""

from collections.abc import Mapping
from typing import Any

from regime_platform.manifests.manifest import is_whole
from regime_platform.model.digests import facts_digest

Listing = Mapping[str, Any]

SNAPSHOT = "snapshot"
SNAPSHOT_VERSION = 1

COMPLETE = "complete"  # bars and results are there and belong together
UNFINISHED = "unfinished"  # a run was interrupted; a rerun finishes it
NO_RESULTS = "no_results"  # nothing was ever computed


def snapshot_facts(
    date: str,
    name: str,
    revision: int,
    symbols: Mapping[str, Mapping[str, Any]],
    code: Mapping[str, Any],
) -> dict[str, Any]:
    """The facts of a snapshot.

    Args:
        date: the release's, ISO.
        name: given by a person; empty where none was.
        revision: 1 for the first of this date.
        symbols: symbol -> ``symbol_entry`` or ``absent_entry``, in partition order.
        code: of the platform that took it.
    """
    known = {symbol: one for symbol, one in symbols.items() if one["status"] == COMPLETE}
    return {
        "kind": SNAPSHOT,
        "snapshot_version": SNAPSHOT_VERSION,
        "date": date,
        "name": name,
        "revision": revision,
        "content_digest": facts_digest({s: one["content_digests"] for s, one in known.items()}),
        "recipe_digest": facts_digest({s: one["recipe_digest"] for s, one in known.items()}),
        "totals": {
            "symbols": len(symbols),
            **{
                status: sum(symbol["status"] == status for symbol in symbols.values())
                for status in (COMPLETE, UNFINISHED, NO_RESULTS)
            },
            "bars": sum(
                series["count"] for one in known.values() for series in one["timeframes"].values()
            ),
        },
        "code": dict(code),
        "symbols": dict(symbols),
    }


def symbol_entry(
    bars: Mapping[str, Any], results: Mapping[str, Any], held_back: str
) -> dict[str, Any]:
    """What a snapshot holds of a symbol whose manifests (as written) belong together."""
    about_bars, about_results = bars["manifest"], results["manifest"]
    return {
        "status": COMPLETE,
        "reason": "",
        "held_back": held_back,
        "manifest": _place(bars),
        "compute_manifest": _place(results),
        "content_digests": {
            "bars": about_bars["content_digest"],
            "results": about_results["content_digest"],
        },
        "recipe_digest": about_results["recipe_digest"],
        "timeframes": {
            timeframe: _series(one, about_results["series"].get(timeframe, {}))
            for timeframe, one in about_bars["timeframes"].items()
        },
        "tables": dict(about_results["tables"]),
        "recipe": dict(about_results["recipe"]),
        "code": dict(about_results["code"]),
    }


def absent_entry(status: str, reason: str, held_back: str) -> dict[str, Any]:
    """What a snapshot holds of a symbol that it can prove nothing of."""
    return {"status": status, "reason": reason, "held_back": held_back}


def listing_of(file: str, document: Mapping[str, Any]) -> Listing:
    """The short of a snapshot as written, for lists: everything but its symbols."""
    facts = document["manifest"]
    return {
        "label": f"{facts['date']}.{facts['revision']}",
        "file": file,
        "taken_at": document["run"]["written_at"],
        **{name: document[name] for name in ("number", "digest", "seal", "replaces")},
        **{name: facts[name] for name in ("date", "name", "revision", "totals")},
        **{name: facts[name] for name in ("content_digest", "recipe_digest")},
    }


def why_apart(symbol: str, bars: Mapping[str, Any], results: Mapping[str, Any]) -> str:
    """Why two manifests (as written) are not of one state of a symbol; empty where they are."""
    for told in (bars, results):
        kind, of = (told["manifest"].get(name) for name in ("kind", "symbol"))
        if not is_whole(told):
            return f"the manifest of the {kind} was changed after it was written"
        if of != symbol:
            return f"the manifest of the {kind} is that of {of}"
    promoted = {
        timeframe: one["digest"]
        for timeframe, one in bars["manifest"]["timeframes"].items()
        if one["digest"] is not None
    }
    if results["manifest"]["recipe"]["bars"] != promoted:
        return "the results were made from other bars than those of the bar manifest"
    return ""


def _place(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in ("digest", "number", "seal")}


def _series(bars: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: bars[name] for name in ("count", "min_ts", "max_ts", "digest")},
        "asof": results.get("max_ts"),
        "status": results.get("status", "no_bars"),
        "escalation_rows": results.get("escalation_rows", 0),
        "state_rows": results.get("state_rows", 0),
    }
