"""Verifies a bundle by itself: no data root, no universe, no settings.

Every file against the index, the snapshot against its digest, bars and results rehashed row by row
against the snapshot; and on demand every number computed again from the bundle's own bars.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from regime_platform.audit.bundle.archive import (
    UNREADABLE_ARCHIVE,
    BundleArchive,
    bundle_error,
    opened_bundle,
    parsed_json,
)
from regime_platform.audit.bundle.verify_symbol import UNREADABLE, BundleSymbolCheck
from regime_platform.errors import RegimeError
from regime_platform.manifests.snapshot import parsed_snapshot
from regime_platform.manifests.snapshot_entry import SymbolEntry


@dataclass(frozen=True)
class BundleFinding:
    """Something in a bundle that is not what the snapshot states."""

    symbol: str  # "": the bundle as a whole
    what: str  # a file, a table, a timeframe
    reason: str


@dataclass(frozen=True)
class BundleVerification:
    """What was proven of a bundle, and what was not."""

    snapshot: str
    digest: str  # of the snapshot: to be compared with the one that its author gave
    symbols: tuple[str, ...]
    findings: tuple[BundleFinding, ...]
    is_recomputed: bool

    @property
    def is_proven(self) -> bool:
        """True where everything is what the snapshot states."""
        return not self.findings


def verify_bundle(path: Path, *, recompute: bool = False) -> BundleVerification:
    """Checks everything in a bundle; ``recompute`` makes every number again from its bars.

    Where the snapshot is not whole, nothing that it names is opened: that is the one finding then.

    Raises:
        BarsError: the file is no bundle of this platform, or too damaged to be verified.
    """
    with opened_bundle(path) as archive:
        name, digest = archive.index.snapshot, archive.index.snapshot_digest
        try:
            document = parsed_json(archive.read(name))
        except UNREADABLE_ARCHIVE as error:
            raise bundle_error(path, f"{name}: {error}") from error
        try:
            snapshot = parsed_snapshot(document)
            if snapshot.digest != digest:
                raise ValueError("is not the snapshot that the index names")  # noqa: TRY301
        except ValueError as error:
            finding = BundleFinding("", name, str(error))
            return BundleVerification(name, digest, (), (finding,), recompute)
        entries = snapshot.manifest.complete
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
    archive: BundleArchive, symbol: str, entry: SymbolEntry, *, recompute: bool
) -> list[BundleFinding]:
    proof = BundleSymbolCheck(archive, symbol, entry, symbol in archive.index.rebuilt)
    try:
        mismatches = [*proof.findings(), *(proof.recomputed() if recompute else ())]
    except (RegimeError, *UNREADABLE) as error:
        mismatches = [("assets", f"cannot be proven: {type(error).__name__}: {error}")]
    return [BundleFinding(symbol, what, reason) for what, reason in mismatches]
