"""The lineage of a compute.db: what its results were made from, stored in the file itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from regime_platform.manifests.manifest import StoredDocument
from regime_platform.manifests.recipe import Code, Recipe
from regime_platform.model.document import Array


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


class Lineage(StoredDocument):
    """What the results of a symbol were made from, and the content digest of every table."""

    code: Code
    recipe: Recipe
    series: Array[SeriesLineage]  # in the order of the universe entry
    tables: dict[str, str]  # table -> content digest


@dataclass(frozen=True)
class ResultOrigin:
    """Recipe and code of results, before there are any."""

    recipe: Recipe
    code: Code

    def lineage(self, series: Sequence[SeriesLineage], tables: Mapping[str, str]) -> Lineage:
        """The lineage of the results, with what they are."""
        return Lineage(
            code=self.code, recipe=self.recipe, series=tuple(series), tables=dict(tables)
        )
