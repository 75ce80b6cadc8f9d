"""The compute manifest: what the results are, and everything they were made from.

The recipe is all that determines the numbers: the same recipe digest means the same numbers, to the
bit. The libraries that calculate are part of it, since another release may round the last bit
otherwise; the git commit is not, since a commit to the docs changes no number. Fields of recipe,
lineage and code stand in alphabetical order, which is that of the documents.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from regime_platform.compute.eras.eras import Era
from regime_platform.manifests.manifest import (
    MANIFEST_VERSION,
    RESULTS,
    ManifestFacts,
    SchemaVersion,
    StoredDocument,
)
from regime_platform.model.digests import document_digest
from regime_platform.model.document import Array, is_absent
from regime_platform.model.result_schema import RESULT_SCHEMA_DIGEST, RESULT_SCHEMA_VERSION

#: The libraries that can change the last bit of a number.
CALCULATING = ("llvmlite", "numba", "numpy")
#: Parts of a recipe that follow from the gate; the others are how results are made from them.
INPUT = frozenset({"bars", "left_out"})


def making_digest(compute_digest: str, libraries: Mapping[str, str], params: str) -> str:
    """SHA-256 hex over sources that compute, libraries that calculate and parameters."""
    parts = {"compute": compute_digest, "libraries": dict(libraries), "params": params}
    return document_digest(parts)


class RankedEras(StoredDocument):
    """The eras in which escalation is ranked."""

    boundaries: Array[Array[int]]  # start and end of each, microseconds since 1970 UTC
    era_class: str | None = Field(validation_alias="class", serialization_alias="class")
    reason: str
    version: str

    @property
    def eras(self) -> tuple[Era, ...]:
        """The boundaries as eras, oldest first."""
        return tuple(Era(index, *edges) for index, edges in enumerate(self.boundaries))


class Recipe(StoredDocument):
    """What the results of a symbol follow from."""

    bars: dict[str, str]  # timeframe -> content digest
    compute_digest: str  # of the sources that compute
    eras: RankedEras
    #: Timeframes that the mean escalation leaves out, since the gate blocks them; sorted.
    left_out: Array[str] = Field(default=(), exclude_if=is_absent)
    libraries: dict[str, str]  # of those that calculate: name -> version
    params_fingerprint: str
    result_schema_digest: str

    @property
    def digest(self) -> str:
        """SHA-256 hex."""
        return self.json_digest()

    @property
    def making_digest(self) -> str:
        """Of how results are made, whatever their bars and eras are."""
        return making_digest(self.compute_digest, self.libraries, self.params_fingerprint)

    def differs_in(self, other: "Recipe") -> set[str]:
        """The parts that make other numbers: of the eras, their boundaries alone."""
        ours, theirs = (
            {**recipe.as_json(), "eras": recipe.eras.boundaries} for recipe in (self, other)
        )
        return {name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)}

    def is_stale(self, current: "Recipe") -> bool:
        """True where parameters, code or schema differ from ``current`` though the input does not.

        Other eras alone do not count: they were adopted explicitly, which asks for new results.
        """
        differs = self.differs_in(current)
        return not differs & INPUT and bool(differs - {"eras"})


class Code(StoredDocument):
    """The code that made results, or that runs: see ``code_version``."""

    commit: str | None  # None outside a git checkout
    compute_digest: str
    is_dirty: bool | None
    libraries: dict[str, str]  # all that compute or store: name -> version
    package: str
    python: str

    @property
    def calculating(self) -> dict[str, str]:
        """The libraries that can change the last bit of a number."""
        return {name: text for name, text in self.libraries.items() if name in CALCULATING}

    def document(self) -> dict[str, Any]:
        """The JSON object of snapshots and bundles, in an order of its own."""
        order = ("package", "commit", "is_dirty", "compute_digest", "python", "libraries")
        return {name: getattr(self, name) for name in order}


class SeriesLineage(StoredDocument):
    """The results of one timeframe, and the bars they were made from."""

    bars: int
    bars_digest: str  # empty without bars
    escalation_rows: int
    max_ts: str | None  # ISO 8601 UTC, open of the last bar
    min_ts: str | None
    reason: str  # why there are not all rows; empty where there are
    state_rows: int
    status: str  # complete, state_only, too_short, no_bars
    timeframe: str


class ResultOrigin(StoredDocument):
    """What results are made from, before there are any."""

    code: Code
    recipe: Recipe

    def lineage(self, series: Sequence[SeriesLineage], tables: Mapping[str, str]) -> "Lineage":
        """The lineage of the results, with what they are."""
        return Lineage(
            code=self.code, recipe=self.recipe, series=tuple(series), tables=dict(tables)
        )


class Lineage(ResultOrigin):
    """What results were made from, and what they are; stored in compute.db itself."""

    series: Array[SeriesLineage]  # in the order of the universe entry
    tables: dict[str, str]  # table -> content digest


class ComputeManifest(ManifestFacts):
    """The facts of compute_manifest.json."""

    kind: Literal["results"]
    manifest_version: int
    symbol: str
    asof: dict[str, str | None]  # timeframe -> open of the last bar
    series: dict[str, SeriesLineage]  # by timeframe
    bar_count_used: int
    result_schema: SchemaVersion
    tables: dict[str, str]  # table -> content digest
    content_digest: str  # of all tables
    recipe: Recipe
    recipe_digest: str
    code: Code

    @classmethod
    def of(cls, symbol: str, lineage: Lineage) -> "ComputeManifest":
        """The manifest of a compute.db with this lineage."""
        series = lineage.series
        return cls(
            kind=RESULTS,
            manifest_version=MANIFEST_VERSION,
            symbol=symbol,
            asof={each.timeframe: each.max_ts for each in series},
            series={each.timeframe: each for each in series},
            bar_count_used=sum(each.bars for each in series),
            result_schema=SchemaVersion(version=RESULT_SCHEMA_VERSION, digest=RESULT_SCHEMA_DIGEST),
            tables=dict(sorted(lineage.tables.items())),
            content_digest=document_digest(lineage.tables),
            recipe=lineage.recipe,
            recipe_digest=lineage.recipe.digest,
            code=lineage.code,
        )

    @property
    def lineage(self) -> Lineage:
        """The lineage of the compute.db that it describes."""
        series = tuple(self.series.values())
        return Lineage(code=self.code, recipe=self.recipe, series=series, tables=self.tables)
