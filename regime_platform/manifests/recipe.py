"""The recipe: everything that determines the numbers of a symbol, and its digest.

The same recipe digest means the same numbers, to the bit. The libraries that calculate are part of
it, since another release may round the last bit otherwise. The git commit is not: a commit to the
docs changes no number. It is recorded beside the recipe, in ``Code``.

Fields stand in alphabetical order, which is that of the documents.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from regime_platform.manifests.manifest import StoredDocument
from regime_platform.model.document import Array
from regime_platform.model.result_schema import RESULT_SCHEMA_DIGEST


class RankedEras(StoredDocument):
    """The eras in which escalation is ranked."""

    boundaries: Array[Array[int]]  # start and end of each, microseconds since 1970 UTC
    era_class: str | None = Field(validation_alias="class", serialization_alias="class")
    reason: str
    version: str


class Recipe(StoredDocument):
    """What the results of a symbol follow from."""

    bars: dict[str, str]  # timeframe -> content digest
    compute_digest: str  # of the sources that compute
    eras: RankedEras
    libraries: dict[str, str]  # of those that calculate: name -> version
    params_fingerprint: str
    result_schema_digest: str

    @classmethod
    def of(
        cls,
        *,
        bars: Mapping[str, str],
        compute_digest: str,
        eras: RankedEras,
        libraries: Mapping[str, str],
        params_fingerprint: str,
    ) -> "Recipe":
        """The recipe of results in the tables of this release."""
        return cls(
            bars=dict(sorted(bars.items())),
            compute_digest=compute_digest,
            eras=eras,
            libraries=dict(sorted(libraries.items())),
            params_fingerprint=params_fingerprint,
            result_schema_digest=RESULT_SCHEMA_DIGEST,
        )

    @property
    def digest(self) -> str:
        """SHA-256 hex."""
        return self.json_digest()

    def makes_same_numbers(self, other: "Recipe") -> bool:
        """True where both do: eras may have another name and reason, at the same boundaries."""
        return self.bars == other.bars and self.differs_in_bars_alone(other)

    def differs_in_bars_alone(self, other: "Recipe") -> bool:
        """True where the stored rows of unchanged bars are what would be computed for them now."""
        return self._beside_bars_and_eras() == other._beside_bars_and_eras() and (
            self.eras.boundaries == other.eras.boundaries
        )

    def is_stale(self, current: "Recipe") -> bool:
        """True where parameters, code or schema differ from ``current`` though the bars do not.

        Other eras alone do not count: they were adopted explicitly, which asks for new results.
        """
        return self.bars == current.bars and (
            self._beside_bars_and_eras() != current._beside_bars_and_eras()
        )

    def _beside_bars_and_eras(self) -> dict[str, Any]:
        return {name: part for name, part in self.as_json().items() if name not in {"bars", "eras"}}


class Code(StoredDocument):
    """The code that made results."""

    commit: str | None  # None outside a git checkout
    compute_digest: str
    is_dirty: bool | None
    libraries: dict[str, str]  # all that compute or store: name -> version
    package: str
    python: str
