"""The record of a symbol's results that was in force at a moment: a link of its chain.

A link outlives its manifest: it keeps the digests of recipe and content, the parameters, the eras
and the code that made the results, and when it was written.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regime_platform.bar_store.chain_file import read_chain
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.manifests.manifest import RESULTS, ChainLink, ResultsLinkSubject
from regime_platform.model.instants import instant, iso


@dataclass(frozen=True)
class ComputeRecord:
    """What a compute manifest of the past stated, as far as its link keeps it."""

    symbol: str  # what the instrument was called then
    number: int  # of the compute manifests of the symbol
    digest: str  # of that manifest
    written_at: dt.datetime
    content_digest: str  # of all tables
    recipe_digest: str
    params_fingerprint: str
    eras: str  # version
    code: Mapping[str, Any]  # package, commit, is_dirty, compute_digest

    def __str__(self) -> str:
        return f"compute manifest {self.number} ({self.digest[:12]}) of {iso(self.written_at)}"


def record_by(paths: SymbolPaths, as_of: dt.datetime) -> ComputeRecord | None:
    """The compute manifest that was in force at a moment (aware); None where there was none.

    Raises:
        BarsError: the chain is damaged.
    """
    links = [link for link in read_chain(paths) if link.kind == RESULTS]
    by_then = [link for link in links if instant(link.run.written_at) <= as_of]
    return _record(by_then[-1]) if by_then else None


def _record(link: ChainLink) -> ComputeRecord:
    about = ResultsLinkSubject.model_validate(link.about.as_json())
    return ComputeRecord(
        symbol=about.symbol,
        number=link.number,
        digest=link.digest,
        written_at=instant(link.run.written_at),
        content_digest=about.content_digest,
        recipe_digest=about.recipe_digest,
        params_fingerprint=about.params_fingerprint,
        eras=about.eras,
        code=about.code.as_json(),
    )
