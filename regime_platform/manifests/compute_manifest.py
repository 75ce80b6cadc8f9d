"""The compute manifest: what the results are, and everything they were made from."""

from typing import Literal

from regime_platform.manifests.lineage import Lineage, SeriesLineage
from regime_platform.manifests.manifest import (
    MANIFEST_VERSION,
    RESULTS,
    ManifestFacts,
    SchemaVersion,
)
from regime_platform.manifests.recipe import Code, Recipe
from regime_platform.model.digests import document_digest
from regime_platform.model.result_schema import RESULT_SCHEMA_DIGEST, RESULT_SCHEMA_VERSION


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
