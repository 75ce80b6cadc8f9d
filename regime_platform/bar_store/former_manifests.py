"""renames.json in a symbol's folder: its manifests from before each rename, kept whole.

With them what was proven under a former symbol can be proven later.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import ConfigError
from regime_platform.files import read_json, write_json
from regime_platform.model.document import Array, Document, first_fault


class FormerManifests(Document, extra="allow"):
    """The manifests of a symbol at one rename; a repair that found them lost keeps the name."""

    former: str
    symbol: str
    renamed_at: str | None  # ISO 8601 UTC
    manifest: dict[str, Any] | None
    compute_manifest: dict[str, Any] | None = None
    is_lost: bool = False


class _File(Document, extra="ignore"):
    renames: Array[FormerManifests]


def read_former_manifests(paths: SymbolPaths) -> tuple[FormerManifests, ...]:
    """All of them, the oldest first; none where the symbol was never renamed.

    Raises:
        ConfigError: the file is damaged.
        RegimeError: it is no JSON.
    """
    document = read_json(paths.renames)
    try:
        return () if document is None else _File.model_validate(document).renames
    except ValidationError as error:
        raise ConfigError(
            f"{paths.renames} is no list of renames ({first_fault(error)}); "
            f"`regime repair {paths.symbol}` writes it again",
            code="former-manifests-damaged",
        ) from error


def write_former_manifests(paths: SymbolPaths, entries: Sequence[FormerManifests]) -> None:
    """Replaces the file; each entry keeps the keys that it was made or read with."""
    document = {"renames": [entry.model_dump(mode="json", exclude_unset=True) for entry in entries]}
    write_json(paths.renames, document)
