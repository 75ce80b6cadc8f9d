"""Compares compute.db with the compute manifest and with the bars that it names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import duckdb

from regime_platform.audit.verify.finding import AuditFinding, FindingKind, Subject
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute_db.connection import FileInUseError
from regime_platform.compute_db.content import BARS
from regime_platform.compute_db.reader import reading
from regime_platform.compute_db.rehash import (
    RowHashes,
    content_differences,
    hash_rows,
    schema_differences,
)
from regime_platform.errors import NewerResultsError, OlderResultsError, ResultsError
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.lineage import Lineage
from regime_platform.manifests.manifest import SealedManifest, is_same
from regime_platform.manifests.recipe import Recipe
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.digests import Blocks

_DB = "compute.db"


@dataclass
class ResultsCheck:
    """What was found of compute.db."""

    findings: list[AuditFinding] = field(default_factory=list)
    rows: int = 0
    lineage: Lineage | None = None  # what the file states of itself, where it can be read
    tables: Mapping[str, str] = field(default_factory=dict)  # as they are

    @property
    def recipe(self) -> Recipe | None:
        """What the file states that it was made from."""
        return None if self.lineage is None else self.lineage.recipe

    def find(self, kind: FindingKind, reason: str) -> None:
        """Adds a finding."""
        self.findings.append(AuditFinding(kind, Subject.RESULTS, _DB, reason))


def verify_results(paths: SymbolPaths, bars: Mapping[str, Blocks]) -> ResultsCheck:
    """Every row of compute.db, against the lineage in the file and against the bars.

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
            for reason in schema_differences(reader.connection):
                proof.find(FindingKind.CHANGED, reason)
            if proof.findings:
                return proof  # what the rows of such tables are is no question any more
            rehashed_tables = hash_rows(reader.connection)
            proof.tables = rehashed_tables.tables
            proof.rows = sum(block.rows for block in rehashed_tables.blocks.values())
            proof.findings += _compared(rehashed_tables, proof.lineage, bars)
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
    return (
        FindingKind.BUSY if isinstance(error.__cause__, FileInUseError) else FindingKind.UNREADABLE
    )


def compare_with_manifest(
    symbol: str,
    proof: ResultsCheck,
    document: SealedManifest[ComputeManifest],
    in_force: Mapping[str, str],
) -> Iterator[AuditFinding]:
    """How compute.db and its manifest differ.

    Args:
        symbol: the symbol.
        proof: what was found of compute.db.
        document: the compute manifest.
        in_force: timeframe -> digest of the canonical bars in force.
    """
    if proof.lineage is None:
        return
    facts, stated = ComputeManifest.of(symbol, proof.lineage), document.manifest
    if is_same(document, facts):
        return
    is_sound = proof.tables == proof.lineage.tables and not proof.findings
    is_of_today = facts.recipe.bars == dict(in_force)
    is_other = (facts.recipe, facts.code) != (stated.recipe, stated.code)
    if is_sound and is_of_today and is_other:
        reason = "it is ahead of its manifest: an unfinished append or run"
        yield AuditFinding(FindingKind.UNFINISHED, Subject.RESULTS, _DB, reason)
        return
    here, there = facts.as_json(), stated.as_json()
    strange = sorted(name for name in {*here, *there} if here.get(name) != there.get(name))
    yield AuditFinding(
        FindingKind.CHANGED,
        Subject.RESULTS,
        _DB,
        f"not as its manifest states: {', '.join(strange)}",
    )


def _compared(
    rehashed_tables: RowHashes, lineage: Lineage, bars: Mapping[str, Blocks]
) -> Iterator[AuditFinding]:
    for reason in content_differences(rehashed_tables, lineage):
        yield AuditFinding(FindingKind.CHANGED, Subject.RESULTS, _DB, reason)
    stated = lineage.recipe.bars
    for timeframe, blocks in bars.items():
        is_of_them = stated.get(timeframe) == blocks.digest(BAR_SCHEMA)
        if is_of_them and rehashed_tables.stored.get((BARS, timeframe)) != blocks:
            yield AuditFinding(
                FindingKind.CHANGED,
                Subject.RESULTS,
                _DB,
                f"the digests of the {timeframe} bars were changed",
            )
