"""What both manifests share: facts, their digest, and the place in the chain of manifests.

Two things are hashed, apart from each other. ``digest`` covers the facts alone, so that the same
bars and the same code give the same digest on any day. ``seal`` covers the digest, when and in what
circumstances the manifest was written, and the seal of the manifest that it replaces: so no link of
the chain can be changed, left out or put elsewhere without breaking those after it.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from regime_platform.model.digests import facts_digest
from regime_platform.model.series import iso

MANIFEST_VERSION = 2

#: The chains of a symbol: one per kind of manifest, and one of what was repaired.
BARS, RESULTS, REPAIR = "bars", "results", "repair"


def sealed(
    facts: Mapping[str, Any],
    previous: Mapping[str, Any] | None,
    written_at: dt.datetime,
    run: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A manifest ready to be written.

    Args:
        facts: what the digest covers; they name their ``kind``.
        previous: the manifest, or its link, that this one replaces.
        written_at: the time of the run.
        run: what else holds of this run only, kept apart from the facts.
    """
    document = {
        "manifest": dict(facts),
        "digest": facts_digest(facts),
        "number": 1 if previous is None else previous.get("number", 0) + 1,
        "replaces": None if previous is None else previous.get("seal"),
        "run": {"written_at": iso(written_at), **(run or {})},
    }
    return {**document, "seal": link_of(document)["seal"]}


def link_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The link of a manifest in its chain: everything but the facts, and what they are about."""
    facts = document["manifest"]
    link = {
        "kind": facts.get("kind"),
        "number": document["number"],
        "digest": document["digest"],
        "replaces": document["replaces"],
        "about": _about(facts),
        "run": document["run"],
    }
    return {**link, "seal": facts_digest(link)}


def is_same(held: Mapping[str, Any] | None, facts: Mapping[str, Any]) -> bool:
    """True where the manifest held says the same, so that nothing need be written."""
    return held is not None and held.get("digest") == facts_digest(facts)


def is_whole(document: Mapping[str, Any]) -> bool:
    """True where a manifest is what was written: its facts, its place in the chain, its run."""
    try:
        is_told = document["digest"] == facts_digest(document["manifest"])
        return bool(is_told and document["seal"] == link_of(document)["seal"])
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return False


def _about(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a link tells of the facts, so that the past can be read without keeping them whole."""
    told = {
        name: facts[name] for name in ("symbol", "content_digest", "recipe_digest") if name in facts
    }
    if facts.get("kind") == RESULTS:
        recipe, code = facts["recipe"], facts["code"]
        told |= {
            "params_fingerprint": recipe["params_fingerprint"],
            "eras": recipe["eras"].get("version"),
            "code": {
                name: code.get(name) for name in ("package", "commit", "is_dirty", "compute_digest")
            },
        }
    return told
