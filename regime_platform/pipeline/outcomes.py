"""The outcomes of the stages, for tables, JSON, exit codes and Dagster metadata alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # pydantic takes a tenth of a second, which `regime --help` has not
    from regime_platform.manifests.compute_manifest import SeriesLineage
    from regime_platform.model.bar_schema import PromotedBars


class Stage(StrEnum):
    """The stages of the pipeline, which are also the Dagster assets."""

    RAW_BARS = "raw_bars"
    VALIDATED_BARS = "validated_bars"
    COMPUTE_DB = "compute_db"
    MANIFESTS = "manifests"


STAGES = tuple(Stage)


class Status(StrEnum):
    """How a symbol came out of a stage."""

    DONE = "done"  # something changed and was written
    UNCHANGED = "unchanged"  # nothing new, nothing written
    BLOCKED = "blocked"  # the gate blocks the symbol; the last good state stays
    FAILED = "failed"  # an error, other than a verdict on the bars

    @property
    def is_good(self) -> bool:
        """True where the symbol needs no attention."""
        return self in (Status.DONE, Status.UNCHANGED)


@dataclass(frozen=True)
class SeriesIngest:
    """The result of a fetch for one timeframe."""

    timeframe: str
    new: int = 0
    revised: int = 0
    same: int = 0
    provisional: int = 0  # rows served of bars that were still forming
    requests: int = 0
    credits: int = 0
    status: str = "ok"  # ok, not_offered, not_entitled, unknown_symbol, failed
    reason: str = ""

    @property
    def has_failed(self) -> bool:
        """True where a person has to look: the source did not serve what it should."""
        return self.status not in ("ok", "not_offered")

    @property
    def new_or_revised(self) -> int:
        """How many bars changed."""
        return self.new + self.revised

    def plus(self, other: "SeriesIngest") -> "SeriesIngest":
        """Both together, ending as ``other`` did."""
        counts = ("new", "revised", "same", "provisional", "requests", "credits")
        return replace(
            other, **{name: getattr(self, name) + getattr(other, name) for name in counts}
        )


@dataclass(frozen=True)
class StageOutcome:
    """What a stage did for one symbol."""

    symbol: str
    status: Status
    reason: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class IngestOutcome(StageOutcome):
    """What ``ingest`` did for one symbol."""

    series: tuple[SeriesIngest, ...]

    @property
    def rows_inserted(self) -> int:
        """New and revised bars: what makes a recompute necessary."""
        return sum(series.new_or_revised for series in self.series)


@dataclass(frozen=True)
class PromoteOutcome(StageOutcome):
    """What ``promote`` did for one symbol; the verdict is in verdict.json."""

    promoted: Mapping[str, "PromotedBars"] = field(default_factory=dict)


@dataclass(frozen=True)
class ComputeOutcome(StageOutcome):
    """What ``compute`` did for one symbol."""

    series: tuple["SeriesLineage", ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)  # table -> content digest
    how: str = ""  # whether rows were added or all were computed, and why
    is_stale_code: bool = False  # unchanged bars, but results of another recipe: --force recomputes


@dataclass(frozen=True)
class PublishOutcome(StageOutcome):
    """What ``publish`` did for one symbol."""

    manifest_digest: str = ""
    compute_manifest_digest: str = ""


@dataclass(frozen=True)
class SymbolOutcome:
    """The outcome of all stages that were run for one symbol."""

    symbol: str
    status: Status
    stage: Stage  # the last stage reached
    reason: str = ""
    detail: str = ""  # the traceback of a defect
    ingest: IngestOutcome | None = None
    promote: PromoteOutcome | None = None
    compute: ComputeOutcome | None = None
    publish: PublishOutcome | None = None
