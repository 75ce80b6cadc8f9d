"""Proves a bundle with nothing but the bundle: no data root, no universe, no settings.

Every file against the index, the snapshot against its digest, bars and results rehashed row by row
against the snapshot; and on demand every number computed anew from the bundle's own bars.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from regime_platform.errors import BarsError, RegimeError
from regime_platform.manifests.manifest import is_whole
from regime_platform.manifests.snapshot import COMPLETE
from regime_platform.pipeline.bundle import BUNDLE_VERSION, INDEX
from regime_platform.pipeline.bundle_symbol_proof import UNREADABLE, SymbolProof

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
class BundleProof:
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
            "findings": [one.facts() for one in self.findings],
        }


def prove_bundle(path: Path, *, recompute: bool = False) -> BundleProof:
    """Checks everything in a bundle; ``recompute`` makes every number anew from its bars.

    Raises:
        BarsError: the file is no bundle of this platform, or so damaged that nothing can be told.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _Opened(archive, json.loads(archive.read(INDEX))).proof(recompute=recompute)
    except FileNotFoundError as error:
        raise BarsError(
            f"{path} does not exist; name a bundle of `regime snapshot export`"
        ) from error
    except UNREADABLE as error:
        raise BarsError(
            f"{path} is no bundle, or a damaged one ({type(error).__name__}: {error}); have it "
            "exported and sent again"
        ) from error


@dataclass(frozen=True)
class _Opened:
    """A bundle being proven."""

    archive: zipfile.ZipFile
    index: Mapping[str, Any]

    def proof(self, *, recompute: bool) -> BundleProof:
        if self.index["bundle_version"] != BUNDLE_VERSION:
            raise ValueError(f"version {self.index['bundle_version']}, expected {BUNDLE_VERSION}")
        findings = list(self._files())
        document = json.loads(self.archive.read(self.index["snapshot"]))
        if not is_whole(document) or document["digest"] != self.index["snapshot_digest"]:
            reason = "was changed after it was written"
            findings.append(BundleFinding("", self.index["snapshot"], reason))
        entries = {
            symbol: one
            for symbol, one in document["manifest"]["symbols"].items()
            if one["status"] == COMPLETE
        }
        for symbol, entry in entries.items():
            findings += self._symbol(symbol, entry, recompute=recompute)
        return BundleProof(
            self.index["snapshot"], document["digest"], tuple(entries), tuple(findings), recompute
        )

    def _files(self) -> Iterator[BundleFinding]:
        listed, there = self.index["files"], set(self.archive.namelist()) - {INDEX}
        for name in sorted(there - set(listed)):
            yield BundleFinding("", name, "is not in the index")
        for name, told in listed.items():
            if name not in there:
                yield BundleFinding("", name, "is missing")
                continue
            try:
                data = self.archive.read(name)
            except UNREADABLE as error:
                yield BundleFinding("", name, f"cannot be read: {error}")
                continue
            if len(data) != told["bytes"] or sha256(data).hexdigest() != told["sha256"]:
                yield BundleFinding("", name, "is not the file that was exported")

    def _symbol(self, symbol: str, entry: Entry, *, recompute: bool) -> list[BundleFinding]:
        proof = SymbolProof(self.archive, symbol, entry, symbol in self.index["rebuilt"])
        try:
            found = [*proof.findings(), *(proof.recomputed() if recompute else ())]
        except (RegimeError, *UNREADABLE) as error:
            found = [("assets", f"cannot be proven: {type(error).__name__}: {error}")]
        return [BundleFinding(symbol, what, reason) for what, reason in found]
