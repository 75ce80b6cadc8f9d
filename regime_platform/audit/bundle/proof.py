"""Proves a bundle with nothing but the bundle: no data root, no universe, no settings.

Every file against the index, the snapshot against its digest, bars and results rehashed row by row
against the snapshot; and on demand every number computed anew from the bundle's own bars.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regime_platform.audit.bundle.archive import (
    UNREADABLE_ARCHIVE,
    BundleArchive,
    bundle_error,
    opened_bundle,
    parsed_json,
)
from regime_platform.audit.bundle.symbol_proof import UNREADABLE, BundleSymbolCheck
from regime_platform.errors import RegimeError
from regime_platform.manifests.snapshot_shape import complete_entries, snapshot_fault

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class BundleFinding:
    """Something in a bundle that is not what the snapshot says."""

    symbol: str  # "": the bundle as a whole
    what: str  # a file, a table, a timeframe
    reason: str

    def facts(self) -> dict[str, str]:
        """Plain values for JSON."""
        return {"symbol": self.symbol, "what": self.what, "reason": self.reason}


@dataclass(frozen=True)
class BundleVerification:
    """What was proven of a bundle, and what was not."""

    snapshot: str
    digest: str  # of the snapshot: to be compared with the one its taker told
    symbols: tuple[str, ...]
    findings: tuple[BundleFinding, ...]
    is_recomputed: bool

    @property
    def is_proven(self) -> bool:
        """True where everything is what the snapshot says."""
        return not self.findings

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "snapshot": self.snapshot,
            "digest": self.digest,
            "symbols": list(self.symbols),
            "is_proven": self.is_proven,
            "is_recomputed": self.is_recomputed,
            "findings": [finding.facts() for finding in self.findings],
        }


def verify_bundle(path: Path, *, recompute: bool = False) -> BundleVerification:
    """Checks everything in a bundle; ``recompute`` makes every number anew from its bars.

    Where the snapshot is not whole, nothing that it names is opened: that is the one finding then.

    Raises:
        BarsError: the file is no bundle of this platform, or so damaged that nothing can be told.
    """
    with opened_bundle(path) as archive:
        name, digest = archive.index.snapshot, archive.index.snapshot_digest
        try:
            document = parsed_json(archive.read(name))
        except UNREADABLE_ARCHIVE as error:
            raise bundle_error(path, f"{name}: {error}") from error
        fault = snapshot_fault(document)
        if not fault and document["digest"] != digest:
            fault = "is not the snapshot that the index names"
        if fault:
            return BundleVerification(
                name, digest, (), (BundleFinding("", name, fault),), recompute
            )
        entries = complete_entries(document)
        findings = list(_files(archive))
        for symbol, entry in entries.items():
            findings += _symbol(archive, symbol, entry, recompute=recompute)
        return BundleVerification(name, digest, tuple(entries), tuple(findings), recompute)


def _files(archive: BundleArchive) -> Iterator[BundleFinding]:
    for name in archive.index.files:
        try:
            archive.read(name)
        except UNREADABLE_ARCHIVE as error:
            yield BundleFinding("", name, str(error))


def _symbol(
    archive: BundleArchive, symbol: str, entry: Entry, *, recompute: bool
) -> list[BundleFinding]:
    proof = BundleSymbolCheck(archive, symbol, entry, symbol in archive.index.rebuilt)
    try:
        found = [*proof.findings(), *(proof.recomputed() if recompute else ())]
    except (RegimeError, *UNREADABLE) as error:
        found = [("assets", f"cannot be proven: {type(error).__name__}: {error}")]
    return [BundleFinding(symbol, what, reason) for what, reason in found]
