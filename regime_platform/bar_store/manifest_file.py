"""manifest.json and compute_manifest.json on disk, read by what relies on them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regime_platform.errors import BarsError, RegimeError, remedy_of
from regime_platform.files import read_json
from regime_platform.manifests.manifest import MANIFEST_VERSION, is_whole

_PARTS = {"manifest": dict, "run": dict, "digest": str}


def read_manifest(path: Path) -> Mapping[str, Any] | None:
    """A manifest with its seal; None where there is none.

    Manifests of other versions come as they are, since their seals are made in other ways.

    Raises:
        BarsError: it is not what was written; names it.
    """
    try:
        document: dict[str, Any] | None = read_json(path)
    except (OSError, RegimeError) as error:
        if path.is_dir():  # which no repair takes away
            raise BarsError(str(error), code="folder-in-place") from error
        raise _damaged(path, "it cannot be read as a JSON object") from error
    if document is None:
        return None
    if not all(isinstance(document.get(name), kind) for name, kind in _PARTS.items()):
        raise _damaged(path, "it has no facts, run and digest, so it is no manifest")
    version = document["manifest"].get("manifest_version")
    is_of_other_version = isinstance(version, int) and version != MANIFEST_VERSION
    if not is_of_other_version and not is_whole(document):
        raise _damaged(path, "it was changed after it was written")
    return document


def whole_manifest(path: Path) -> Mapping[str, Any] | None:
    """A manifest that is what was written; None where there is none such."""
    try:
        document = read_manifest(path)
    except BarsError:
        return None
    return document if document is not None and is_whole(document) else None


def _damaged(path: Path, reason: str) -> BarsError:
    return BarsError(
        f"{path} is damaged ({reason}); {remedy_of(path.parent.name)}", code="manifest-damaged"
    )
