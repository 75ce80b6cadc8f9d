"""manifest.json and compute_manifest.json on disk, read by those that need no proof of them.

Checked is only what a reader relies on: that the parts it asks for are there. Whether a manifest is
the one that was written is what `regime verify` proves.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regime_platform.files import damaged, read_json

#: The objects within the facts of each kind that readers rely on.
BAR_PARTS = ("timeframes",)
RESULT_PARTS = ("series", "tables", "recipe")


def read_manifest(path: Path, parts: Sequence[str]) -> Mapping[str, Any] | None:
    """A manifest with its digest and run, or None where there is no file.

    Args:
        path: the file.
        parts: names of objects that its facts must have.

    Raises:
        RegimeError: the file is damaged, or one of the parts is missing.
    """
    document: dict[str, Any] | None = read_json(path)
    if document is None:
        return None
    facts, run = document.get("manifest"), document.get("run")
    if not isinstance(facts, dict) or not isinstance(run, dict) or "digest" not in document:
        raise damaged(path, "it has no facts, run and digest, so it is no manifest")
    missing = [name for name in parts if not isinstance(facts.get(name), dict)]
    if missing:
        raise damaged(path, f"its facts have no {', '.join(missing)}")
    return document
