"""What both manifests share: facts, their digest, and the digest of the manifest they replace.

The digest covers the facts alone. When a manifest was written stands beside them, so that the same
bars and the same code give the same digest on any day.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from regime_platform.model.digests import facts_digest
from regime_platform.model.series import iso

MANIFEST_VERSION = 1


def sealed(
    facts: Mapping[str, Any],
    previous: Mapping[str, Any] | None,
    written_at: dt.datetime,
    run: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A manifest ready to be written.

    Args:
        facts: what the digest covers.
        previous: the manifest that this one replaces.
        written_at: the time of the run.
        run: what else holds of this run only, kept apart from the facts.
    """
    return {
        "manifest": dict(facts),
        "digest": facts_digest(facts),
        "previous": None if previous is None else previous.get("digest"),
        "run": {"written_at": iso(written_at), **(run or {})},
    }


def is_same(held: Mapping[str, Any] | None, facts: Mapping[str, Any]) -> bool:
    """True where the manifest held says the same, so that nothing need be written."""
    return held is not None and held.get("digest") == facts_digest(facts)
