"""The outcomes of the stages, for tables, JSON, exit codes and Dagster metadata alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # pydantic takes a tenth of a second, which `regime --help` has not
    from regime_platform.compute_db.latest_shown import LatestShown
    from regime_platform.manifests.compute_manifest import SeriesLineage
    from regime_platform.model.bar_schema import PromotedBars
    from regime_platform.validation.finding_counts import FindingCounts


class Stage(StrEnum):
    """The stages of the pipeline, which are also the Dagster assets."""

    RAW_BARS = "raw_bars"
    VALIDATED_BARS = "validated_bars"
    COMPUTE_DB = "compute_db"
    MANIFESTS = "manifests"


STAGES = tuple(Stage)
#: Stage -> the field of an outcome that has what the stage did.
STAGE_FIELDS = dict(zip(STAGES, ("ingest", "promote", "compute", "publish"), strict=True))
#: The status of a series whose stored bars are not served any more, while later ones are.
OVERLAP_LOST = "overlap_lost"


class Status(StrEnum):
    """How a symbol came out of a stage."""

    DONE = "done"  # something changed and was written
    UNCHANGED = "unchanged"  # nothing new, nothing written
    BLOCKED = "blocked"  # the gate blocks a series; its last good state stays
    NO_BARS = "no_bars"  # none of its series has a bar, so nothing can be validated
    FAILED = "failed"  # an error, other than a verdict on the bars
    NOT_REACHED = "not_reached"  # the source refused all before it could be asked for the symbol

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
    withdrawn: int = 0  # stored bars that the source took back
    requests: int = 0
    credits: int = 0
    #: ok, not_offered, not_entitled, unknown_symbol, overlap_lost, failed, not_reached.
    status: str = "ok"
    reason: str = ""
    note: str = ""  # labels read otherwise than as opens, a new price basis, a reading again
    is_standing: bool = False  # an earlier refusal holds, so nothing was requested

    @property
    def has_failed(self) -> bool:
        """True where a person has to look: the source did not serve what it should."""
        return self.status not in ("ok", "not_offered")

    @property
    def is_reached(self) -> bool:
        """False where the source refused all before it could be asked."""
        return self.status != Status.NOT_REACHED

    @property
    def changed(self) -> int:
        """How many bars are new, revised or withdrawn."""
        return self.new + self.revised + self.withdrawn

    def plus(self, other: "SeriesIngest") -> "SeriesIngest":
        """Both together, ending as ``other`` did."""
        counts = ("new", "revised", "same", "provisional", "withdrawn", "requests", "credits")
        sums = {name: getattr(self, name) + getattr(other, name) for name in counts}
        return replace(other, note=self.note or other.note, **sums)

    def noted(self, note: str) -> "SeriesIngest":
        """The same with one more note, where there is one."""
        return replace(self, note="; ".join(filter(None, (self.note, note))))


@dataclass(frozen=True)
class StageOutcome:
    """What a stage did for one symbol."""

    symbol: str
    status: Status
    reason: str = field(default="", kw_only=True)
    #: Timeframe that the gate blocks while others passed -> why; the stage went on without it.
    left_out: Mapping[str, str] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True)
class IngestOutcome(StageOutcome):
    """What ``ingest`` did for one symbol."""

    series: tuple[SeriesIngest, ...]

    @property
    def rows_inserted(self) -> int:
        """New, revised and withdrawn bars: what makes a recompute necessary."""
        return sum(series.changed for series in self.series)

    @property
    def is_partial(self) -> bool:
        """True where some series failed and those that the source served can be processed."""
        if self.status is Status.NOT_REACHED:
            return self.rows_inserted > 0
        statuses = {series.status for series in self.series}
        # of a symbol that the source seems to have reused nothing is to be processed
        return self.status is Status.FAILED and "ok" in statuses and OVERLAP_LOST not in statuses


@dataclass(frozen=True)
class PromoteOutcome(StageOutcome):
    """What ``promote`` did for one symbol; the verdict is in verdict.json."""

    promoted: Mapping[str, "PromotedBars"] = field(default_factory=dict)
    findings: Mapping[str, "FindingCounts"] = field(default_factory=dict)  # by timeframe
    questions: Mapping[str, str] = field(default_factory=dict)  # timeframe -> finding to decide on
    has_other_findings: bool = False  # than the verdict before
    derived_from: Mapping[str, str] = field(default_factory=dict)  # timeframe -> finer series


@dataclass(frozen=True)
class ShownSymbol:
    """What is shown of the results of one symbol, made where they were computed."""

    made_from: str  # the state of its files, see ``board_results.files_of``
    latest: "LatestShown"
    rows: tuple[Mapping[str, Any], ...]  # of the board


@dataclass(frozen=True)
class ComputeOutcome(StageOutcome):
    """What ``compute`` did for one symbol."""

    series: tuple["SeriesLineage", ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)  # table -> content digest
    how: str = ""  # whether rows were added or all were computed, and why
    computed_rows: int = 0  # states computed now; the others of ``series`` were stored before
    is_stale_code: bool = False  # unchanged bars, but results of another recipe: --force recomputes
    shown: ShownSymbol | None = field(default=None, compare=False, repr=False)  # None: not made


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
    left_out: Mapping[str, str] = field(default_factory=dict)  # as of the stages
    ingest: IngestOutcome | None = None
    promote: PromoteOutcome | None = None
    compute: ComputeOutcome | None = None
    publish: PublishOutcome | None = None

    def after(self, stage: Stage) -> StageOutcome | None:
        """What a stage did; None where it did not end."""
        done: StageOutcome | None = getattr(self, STAGE_FIELDS[stage])
        return done

    def status_after(self, stage: Stage) -> Status | None:
        """The status after a stage; None where the symbol did not reach it."""
        done = self.after(stage)
        if done is not None:
            return done.status
        return self.status if self.stage is stage and not self.status.is_good else None

    @property
    def is_reached(self) -> bool:
        """False where the source refused all before it brought a bar of the symbol."""
        is_fetched = self.ingest is not None and self.ingest.is_partial
        return self.status is not Status.NOT_REACHED or is_fetched

    @property
    def is_partial(self) -> bool:
        """True where some series failed or are blocked and the others are processed."""
        if self.status is Status.BLOCKED:
            return bool(self.left_out)
        is_fetched = self.ingest is not None and self.ingest.is_partial
        if self.stage is not Stage.RAW_BARS or not is_fetched:
            return False
        return self.promote is None or self.promote.status.is_good or bool(self.left_out)
