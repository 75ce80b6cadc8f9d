"""manifest.json and compute_manifest.json of a symbol, read and verified."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.session import read_once
from regime_platform.errors import BarsError, RegimeError, remedy_of
from regime_platform.files import read_json
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.manifest import (
    MANIFEST_VERSION,
    ManifestFacts,
    SealedManifest,
    is_whole,
    parsed,
)
from regime_platform.model.document import first_fault

Facts = TypeVar("Facts", bound=ManifestFacts)
_PARTS = {"manifest": dict, "run": dict, "digest": str}


@read_once("manifest")
def read_bar_manifest(paths: SymbolPaths) -> SealedManifest[BarManifest] | None:
    """manifest.json of a symbol; see `read_manifest`."""
    return read_manifest(paths.manifest, BarManifest)


@read_once("compute_manifest")
def read_compute_manifest(paths: SymbolPaths) -> SealedManifest[ComputeManifest] | None:
    """compute_manifest.json of a symbol; see `read_manifest`."""
    return read_manifest(paths.compute_manifest, ComputeManifest)


def whole_bar_manifest(paths: SymbolPaths) -> SealedManifest[BarManifest] | None:
    """manifest.json of a symbol; None also where it is damaged."""
    try:
        return read_bar_manifest(paths)
    except BarsError:
        return None


def whole_compute_manifest(paths: SymbolPaths) -> SealedManifest[ComputeManifest] | None:
    """compute_manifest.json of a symbol; None also where it is damaged."""
    try:
        return read_compute_manifest(paths)
    except BarsError:
        return None


def read_manifest(path: Path, facts: type[Facts]) -> SealedManifest[Facts] | None:
    """A manifest, verified by its digest; None where there is none of today's version.

    Args:
        path: manifest.json or compute_manifest.json.
        facts: ``BarManifest`` or ``ComputeManifest``.

    Raises:
        BarsError: it is damaged or was changed; names it.
    """
    try:
        document: dict[str, Any] | None = read_json(path)
    except (OSError, RegimeError) as error:
        if path.is_dir():  # which no repair removes
            raise BarsError(str(error), code="folder-in-place") from error
        raise _damaged(path, "it cannot be read as a JSON object") from error
    if document is None:
        return None
    if not all(isinstance(document.get(name), kind) for name, kind in _PARTS.items()):
        raise _damaged(path, "it has no facts, run and digest, so it is no manifest")
    version = document["manifest"].get("manifest_version")
    if isinstance(version, int) and version != MANIFEST_VERSION:
        return None  # whose seal is made in another way
    if not is_whole(document):
        raise _damaged(path, "it was changed after it was written")
    try:
        return parsed(document, facts)
    except ValidationError as error:
        raise _damaged(path, f"it is no {path.stem}: {first_fault(error)}") from error


def _damaged(path: Path, reason: str) -> BarsError:
    return BarsError(
        f"{path} is damaged ({reason}); {remedy_of(path.parent.name)}", code="manifest-damaged"
    )
