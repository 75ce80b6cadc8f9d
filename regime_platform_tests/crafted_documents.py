"""Manifests and links of any content, as parsed JSON: digest and seal fit whatever they state."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from regime_platform.manifests.manifest import ManifestFacts, parsed, sealed


def sealed_json(facts: Mapping[str, Any], written_at: dt.datetime) -> dict[str, Any]:
    """The first manifest of a chain, with these facts."""
    return sealed(ManifestFacts.model_validate(dict(facts)), None, written_at).as_json()


def link_json(document: Mapping[str, Any]) -> dict[str, Any]:
    """The link that fits a manifest, whatever seal it has."""
    return parsed(dict(document), ManifestFacts).link.as_json()
