"""The documents of the outbox: what commands did to one symbol, and which found nothing new."""

from collections.abc import Collection, Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, TypeAdapter

from regime_platform.model.document import Array, Document, Word
from regime_platform.pipeline.outcomes import STAGES, SeriesIngest, Stage, Status, SymbolOutcome

#: A fetch as its outcome has it.
_Series = Annotated[SeriesIngest, BeforeValidator(TypeAdapter(SeriesIngest).validate_python)]


class Failure(Document):
    """How the last command ended for a symbol, where not well."""

    status: Word[Status]
    stage: Word[Stage]
    reason: str
    left_out: Mapping[str, str] = Field(default_factory=dict)  # as of the outcome


class OutboxEntry(Document):
    """What commands did to one symbol since it was last reported."""

    version: Literal[1] = 1
    symbol: str
    stages: Array[Word[Stage]] = STAGES  # that wrote something or failed
    series: Array[_Series] = ()  # fetched by all of them
    is_processed: bool = True  # False where fetched rows are in no results yet
    how: str = ""  # whether rows of results were added or all were computed
    failure: Failure | None = None

    @classmethod
    def of(cls, outcome: SymbolOutcome, stages: Collection[Stage]) -> Self:
        """The entry of a command that ran ``stages``."""
        rows = 0 if outcome.ingest is None else outcome.ingest.rows_inserted
        nothing = (None, Status.UNCHANGED, Status.NOT_REACHED)
        wrote = [stage for stage in STAGES if outcome.status_after(stage) not in nothing]
        is_failure = not outcome.status.is_good and outcome.status is not Status.NOT_REACHED
        return cls(
            symbol=outcome.symbol,
            stages=tuple(
                stage for stage in STAGES if stage in wrote or (rows and stage is Stage.RAW_BARS)
            ),
            series=() if outcome.ingest is None else outcome.ingest.series,
            is_processed=not rows or Stage.COMPUTE_DB in stages,
            how="" if outcome.compute is None else outcome.compute.how,
            failure=Failure(
                status=outcome.status,
                stage=outcome.stage,
                reason=outcome.reason,
                left_out=outcome.left_out,
            )
            if is_failure
            else None,
        )

    @classmethod
    def of_import(cls, symbol: str, series: tuple[SeriesIngest, ...]) -> Self:
        """The entry of a command that changed the raw log itself, and promoted what it has then."""
        return cls(
            symbol=symbol,
            stages=(Stage.RAW_BARS, Stage.VALIDATED_BARS),
            series=series,
            is_processed=not any(each.changed for each in series),
        )

    def after(self, before: "OutboxEntry", completed: Collection[Stage]) -> Self:
        """Merged into the entry of commands before this one, which ``completed`` stages."""
        failure = self.failure
        if failure is None and before.failure and before.failure.stage not in completed:
            failure = before.failure
        fetched = {series.timeframe: series for series in before.series}
        for series in self.series:
            former = fetched.get(series.timeframe)
            fetched[series.timeframe] = former.plus(series) if former else series
        is_closed = before.is_processed or Stage.COMPUTE_DB in completed
        stages = {*before.stages, *self.stages}
        return self.model_copy(
            update={
                "stages": tuple(stage for stage in STAGES if stage in stages),
                "series": tuple(fetched.values()),
                "is_processed": self.is_processed and is_closed,
                "how": self.how or before.how,
                "failure": failure,
            }
        )


class UnchangedSymbols(Document):
    """Stage -> symbols that a command found good there, with nothing to write."""

    version: Literal[1] = 1
    symbols: Mapping[str, Array[str]]
