"""manifest.json and compute_manifest.json on disk, read by those that need no proof of them.

Checked is only what a reader relies on: that the parts it asks for are there. Whether a manifest is
the one that was written is what `regime verify` proves.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regime_platform.errors import BarsError, RegimeError
from regime_platform.files import read_json
from regime_platform.manifests.manifest import is_whole

#: The objects within the facts of each kind that readers rely on.
BAR_PARTS = ("timeframes",)
RESULT_PARTS = ("series", "tables", "recipe")


def read_manifest(path: Path, parts: Sequence[str] = ()) -> Mapping[str, Any] | None:
    """A manifest with its digest and run, or None where there is no file.

    Args:
        path: the file.
        parts: names of objects that its facts must have.

    Raises:
        BarsError: the file is damaged, or one of the parts is missing.
    """
    try:
        document: dict[str, Any] | None = read_json(path)
    except RegimeError as error:
        raise _damaged(path, "it cannot be read") from error
    if document is None:
        return None
    facts, run = document.get("manifest"), document.get("run")
    if not isinstance(facts, dict) or not isinstance(run, dict) or "digest" not in document:
        raise _damaged(path, "it has no facts, run and digest, so it is no manifest")
    missing = [name for name in parts if not isinstance(facts.get(name), dict)]
    if missing:
        raise _damaged(path, f"its facts have no {', '.join(missing)}")
    return document


def whole_manifest(path: Path) -> Mapping[str, Any] | None:
    """A manifest that is what was written; None where there is none such."""
    try:
        document = read_manifest(path)
    except BarsError:
        return None
    return document if document is not None and is_whole(document) else None


def _damaged(path: Path, why: str) -> BarsError:
    return BarsError(
        f"{path} is damaged ({why}); `regime repair {path.parent.name}` writes it anew"
    )
