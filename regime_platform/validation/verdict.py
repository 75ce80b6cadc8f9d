"""The verdict of the gate on one symbol: the document verdict.json, beside the symbol's bars.

A verdict names the input that was validated and, per series, the canonical bars in force: those
just promoted, or the last good ones where the series is blocked.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl
from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_COLUMNS, BARS_SCHEMA_VERSION
from regime_platform.model.digests import frame_digest
from regime_platform.model.document import Array, Document, first_fault, is_absent
from regime_platform.model.promoted_bars import PromotedBars, StoredFile
from regime_platform.validation.findings import Severity, ValidationFinding
from regime_platform.validation.gate import (
    BLOCKED,
    NO_BARS,
    PASSED,
    RULES_VERSION,
    GateResult,
)
from regime_platform.validation.overrides import Override
from regime_platform.validation.policy import ValidationContext
from regime_platform.validation.rules.calendar import MISSING_BARS, MISSING_SESSIONS
from regime_platform.validation.rules.listing import UNLISTED, Listed
from regime_platform.validation.rules.overlap import CONTRADICTED, OVERLAP
from regime_platform.validation.rules.timeframe import TIMEFRAME_RULES

_REJECTING_NOTHING = frozenset(
    rule.name for rule in (MISSING_SESSIONS, MISSING_BARS, OVERLAP, CONTRADICTED, *TIMEFRAME_RULES)
)


class SeriesVerdict(Document):
    """The verdict on one timeframe."""

    timeframe: str
    status: str  # passed, blocked, no_bars
    reason: str  # one line; empty where all is well
    input_digest: str  # of the rows that were validated
    rows_in: int
    valid: int
    rejected: int
    set_aside: int
    findings: Array[ValidationFinding]  # one per rule
    promoted: PromotedBars | None  # the canonical bars in force, whatever the status
    log_digest: str = ""  # of the raw log's file names: equal means that nothing came since
    anchor: str = ""  # where intraday bars start: session or clock
    raw_files: Array[str] = ()  # of the raw log that were validated, in order of arrival
    listed: Listed = UNLISTED  # the listing dates that the bars were validated by
    #: Of the rows kept out; None also in older verdicts.
    rejected_file: StoredFile | None = Field(default=None, exclude_if=is_absent)

    @classmethod
    def of(  # noqa: PLR0913 - one parameter per fact that the result does not know
        cls,
        result: GateResult,
        *,
        timeframe: str,
        input_digest: str,
        promoted: PromotedBars | None,
        log_digest: str = "",
        raw_files: Sequence[str] = (),
        listed: Listed = UNLISTED,
        rejected_file: StoredFile | None = None,
    ) -> "SeriesVerdict":
        """The verdict that follows from ``result``; ``promoted`` are the bars to be in force."""
        return cls(
            timeframe=timeframe,
            status=result.status,
            reason=series_reason(timeframe, result),
            input_digest=input_digest,
            rows_in=result.valid.height + result.rejected.height,
            valid=result.valid.height,
            rejected=result.rejected_rows,
            set_aside=result.set_aside_rows,
            findings=result.findings,
            promoted=promoted,
            log_digest=log_digest,
            anchor=result.anchor,
            raw_files=tuple(raw_files),
            listed=listed,
            rejected_file=rejected_file,
        )


class Verdict(Document):
    """The verdict on one symbol; keys that only a later release knows are ignored."""

    model_config = ConfigDict(extra="ignore")

    symbol: str
    rules_version: int
    bars_schema_version: int
    policy_digest: str = ""  # of the severities in force
    calendar_version: str = ""  # of the library that knows the holidays
    overrides: Array[Override] = Field(  # in force
        default=(), validation_alias="decisions", serialization_alias="decisions"
    )
    #: Overrides on record that are not in force, and the entries that withdrew them.
    withdrawn: Array[Override] = Field(default=(), exclude_if=is_absent)
    series: Array[SeriesVerdict]

    @classmethod
    def of(
        cls, symbol: str, series: Sequence[SeriesVerdict], context: ValidationContext, calendar: str
    ) -> "Verdict":
        """The verdict of the rules as they are now; ``calendar`` is the version of the library."""
        return cls(
            symbol=symbol,
            rules_version=RULES_VERSION,
            bars_schema_version=BARS_SCHEMA_VERSION,
            policy_digest=context.policy.digest,
            calendar_version=calendar,
            overrides=context.overrides,
            withdrawn=context.withdrawn,
            series=tuple(series),
        )

    @classmethod
    def parsed(cls, document: object) -> "Verdict":
        """The verdict that a parsed JSON document holds.

        Raises:
            BarsError: it holds none.
        """
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise BarsError(
                f"not a verdict of this platform ({first_fault(error)}); "
                "`regime repair` validates the bars again from the raw log",
                code="verdict-damaged",
            ) from error

    @model_serializer(mode="wrap")
    def _with_summary(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = dump(self)
        return {
            "symbol": fields.pop("symbol"),
            "status": self.status,
            "reason": self.reason,
            **fields,
        }

    @property
    def status(self) -> str:
        """Blocked when any series is; passed when any has bars."""
        statuses = {series.status for series in self.series}
        return next((status for status in (BLOCKED, PASSED) if status in statuses), NO_BARS)

    @property
    def reason(self) -> str:
        """What blocks the symbol, one sentence per blocked series."""
        return " | ".join(series.reason for series in self.series if series.status == BLOCKED)

    @property
    def promoted(self) -> dict[str, PromotedBars]:
        """The canonical bars in force per timeframe."""
        return {
            series.timeframe: series.promoted
            for series in self.series
            if series.promoted is not None
        }

    def at(self, timeframe: str) -> SeriesVerdict | None:
        """The verdict on one timeframe, or None where it was never validated."""
        return next((series for series in self.series if series.timeframe == timeframe), None)


def input_digest(rows: pl.DataFrame) -> str:
    """The digest of rows to validate: bars and when each was fetched, not in which file."""
    return frame_digest(rows.select(*BAR_COLUMNS, "fetched_at"))


def series_reason(timeframe: str, result: GateResult) -> str:
    """One line on the worst finding and its remedy; empty where all is well."""
    blocking = [finding for finding in result.findings if finding.is_blocking]
    if blocking:
        return f"{timeframe}: {_blocked_by(blocking)}"
    for finding in result.findings:
        if finding.severity is Severity.STATUS and finding.count:
            return f"{timeframe}: {finding.examples[0]}; {finding.remedy}"
    return ""


def _blocked_by(blocking: Sequence[ValidationFinding]) -> str:
    worst = max(blocking, key=lambda finding: finding.count)
    unit = worst.unit.removesuffix("s") if worst.count == 1 else worst.unit
    did = "counts" if worst.rule in _REJECTING_NOTHING else "rejected"
    more = len(blocking) - 1
    also = f" (and {more} more rule{'s' if more > 1 else ''})" if more else ""
    return f"{worst.rule} {did} {worst.count} {unit} ({worst.examples[0]}){also}; {worst.remedy}"
