"""Manifests as they lie on disk, read by whoever relies on what they state."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regime_platform.errors import BarsError, remedy_of
from regime_platform.manifests.manifest import MANIFEST_VERSION, is_whole


def read_manifest(path: Path) -> Mapping[str, Any] | None:
    """A manifest with its seal; None where there is none.

    Manifests of other versions come as they are, since their seals are made in other ways.

    Raises:
        BarsError: it is not what was written; names it.
    """
    try:
        document = json.loads(path.read_bytes())
        version = document["manifest"].get("manifest_version")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    is_of_other_version = isinstance(version, int) and version != MANIFEST_VERSION
    if not is_of_other_version and not is_whole(document):
        raise _damaged(path, "it was changed after it was written")
    manifest: Mapping[str, Any] = document
    return manifest


def _damaged(path: Path, reason: str) -> BarsError:
    return BarsError(f"{path} is damaged ({reason}); {remedy_of(path.parent.name)}")
