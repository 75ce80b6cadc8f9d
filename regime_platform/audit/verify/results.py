"""Is compute.db what the compute manifest says, of the bars that it names?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute_db.connection import TakenError
from regime_platform.compute_db.content import BARS
from regime_platform.compute_db.reader import reading
from regime_platform.compute_db.rehash import Rehashed, differences, rehashed, strange_parts
from regime_platform.errors import NewerResultsError, OlderResultsError, ResultsError
from regime_platform.manifests.compute_manifest import compute_manifest
from regime_platform.manifests.manifest import is_same
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.digests import Blocks
from regime_platform.pipeline.finding import AuditFinding, FindingKind, Subject

Facts = Mapping[str, Any]
_DB = "compute.db"


@dataclass
class ResultsCheck:
    """What was found of compute.db."""

    findings: list[AuditFinding] = field(default_factory=list)
    rows: int = 0
    lineage: Facts | None = None  # what the file says of itself, where it can be read
    tables: Mapping[str, str] = field(default_factory=dict)  # as they are

    @property
    def recipe(self) -> Facts | None:
        """What the file says that it was made from, where it says so as a whole."""
        recipe: Facts | None = (self.lineage or {}).get("recipe")
        is_whole = isinstance(recipe, dict) and {"bars", "eras"} <= set(recipe)
        return recipe if is_whole else None

    def find(self, kind: FindingKind, reason: str) -> None:
        """Adds a finding."""
        self.findings.append(AuditFinding(kind, Subject.RESULTS, _DB, reason))


def verify_results(paths: SymbolPaths, bars: Mapping[str, Blocks]) -> ResultsCheck:
    """Every row of compute.db, against what the file says of itself and against the bars.

    Args:
        paths: the symbol.
        bars: timeframe -> blocks of the bars that it should be made from, as far as they are whole.
    """
    proof = ResultsCheck()
    if not (paths.compute_db.exists() or paths.compute_manifest.exists()):
        proof.find(FindingKind.UNFINISHED, "nothing was computed yet")
        return proof
    try:
        with reading(paths.compute_db, prove=False) as reader:
            proof.lineage = reader.lineage()
            for reason in strange_parts(reader.connection):
                proof.find(FindingKind.CHANGED, reason)
            if proof.findings:
                return proof  # what the rows of such tables are is no question any more
            found = rehashed(reader.connection)
            proof.tables = found.tables
            proof.rows = sum(block.rows for block in found.blocks.values())
            proof.findings += _compared(found, proof.lineage, bars)
    except (ResultsError, duckdb.Error, ValueError, KeyError, TypeError, IndexError) as error:
        proof.find(_kind_of(error, paths), str(error))
    return proof


def _kind_of(error: Exception, paths: SymbolPaths) -> FindingKind:
    if not paths.compute_db.exists():
        return FindingKind.MISSING
    if isinstance(error, NewerResultsError):
        return FindingKind.NEWER
    if isinstance(error, OlderResultsError):
        return FindingKind.UNFINISHED
    return FindingKind.BUSY if isinstance(error.__cause__, TakenError) else FindingKind.UNREADABLE


def compare_with_manifest(
    symbol: str, proof: ResultsCheck, document: Facts, in_force: Mapping[str, str]
) -> Iterator[AuditFinding]:
    """How compute.db and its manifest differ.

    Args:
        symbol: whose they are.
        proof: what was found of compute.db.
        document: the compute manifest.
        in_force: timeframe -> digest of the canonical bars in force.
    """
    if proof.lineage is None:
        return
    try:
        facts = compute_manifest(symbol, proof.lineage)
    except (AttributeError, KeyError, TypeError) as error:
        yield AuditFinding(
            FindingKind.CHANGED,
            Subject.RESULTS,
            _DB,
            f"what it was made from is not told ({error!r})",
        )
        return
    told = document["manifest"]
    if is_same(document, facts):
        return
    is_sound = proof.tables == proof.lineage["tables"] and not proof.findings
    is_of_today = dict(facts["recipe"]["bars"]) == dict(in_force)
    is_other = (facts["recipe"], facts["code"]) != (told["recipe"], told["code"])
    if is_sound and is_of_today and is_other:
        reason = "it is ahead of its manifest: an unfinished append or run"
        yield AuditFinding(FindingKind.UNFINISHED, Subject.RESULTS, _DB, reason)
        return
    strange = sorted(name for name in {*facts, *told} if facts.get(name) != told.get(name))
    yield AuditFinding(
        FindingKind.CHANGED, Subject.RESULTS, _DB, f"not as its manifest says: {', '.join(strange)}"
    )


def _compared(
    found: Rehashed, lineage: Facts, bars: Mapping[str, Blocks]
) -> Iterator[AuditFinding]:
    for reason in differences(found, lineage):
        yield AuditFinding(FindingKind.CHANGED, Subject.RESULTS, _DB, reason)
    told = lineage["recipe"]["bars"]
    for timeframe, blocks in bars.items():
        is_of_them = told.get(timeframe) == blocks.digest(BAR_SCHEMA)
        if is_of_them and found.stored.get((BARS, timeframe)) != blocks:
            yield AuditFinding(
                FindingKind.CHANGED,
                Subject.RESULTS,
                _DB,
                f"the digests of the {timeframe} bars were changed",
            )
