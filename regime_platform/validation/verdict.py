"""The verdict of the gate on one symbol: the document verdict.json.

Names the input that was validated and, per series, the canonical bars in force: those just
promoted, or the last good ones where the series is blocked.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Self

import polars as pl
from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from regime_platform.errors import BarsError
from regime_platform.model.actions import Action
from regime_platform.model.bar_schema import (
    BAR_COLUMNS,
    BARS_SCHEMA_VERSION,
    PromotedBars,
    StoredFile,
)
from regime_platform.model.digests import frame_digest
from regime_platform.model.document import Array, Document, first_fault, is_absent
from regime_platform.validation.findings import Severity, ValidationFinding
from regime_platform.validation.gate import BLOCKED, NO_BARS, PASSED, RULES_VERSION, GateResult
from regime_platform.validation.overrides import Override
from regime_platform.validation.policy import ValidationContext
from regime_platform.validation.rules import bar_counts
from regime_platform.validation.rules.bar import UNLISTED, Listed
from regime_platform.validation.rules.calendar import MISSING_BARS, MISSING_SESSIONS
from regime_platform.validation.rules.calendar_misfit import CALENDAR_MISFIT
from regime_platform.validation.rules.comparison import COMPARISONS
from regime_platform.validation.rules.finer_bars import FINER_BARS
from regime_platform.validation.rules.lost_bars import SOURCE_LOST_BARS
from regime_platform.validation.rules.rereading import REREADING

_COUNTING = (
    MISSING_SESSIONS, MISSING_BARS, CALENDAR_MISFIT, *COMPARISONS, SOURCE_LOST_BARS, REREADING,
    bar_counts.NO_BARS, bar_counts.TOO_FEW_BARS, FINER_BARS,
)  # fmt: skip
_REJECTING_NOTHING = {rule.name for rule in _COUNTING}


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
    anchor: str = ""  # where intraday bars start, or days of currencies end; empty for dates
    raw_files: Array[str] = ()  # of the raw log that were validated, in order of arrival
    listed: Listed = UNLISTED  # the listing dates that the bars were validated by
    #: Of the rows kept out; None also in older verdicts.
    rejected_file: StoredFile | None = Field(default=None, exclude_if=is_absent)
    #: Corporate actions, by their numbers, that the rows were adjusted for.
    adjusted_for: Array[int] = Field(default=(), exclude_if=is_absent)
    #: The finer series that its bars are built from; None where they are given.
    derived_from: str | None = Field(default=None, exclude_if=is_absent)

    @classmethod
    def of(cls, result: GateResult, *, timeframe: str, **recorded: Any) -> Self:
        """The verdict that follows from ``result``; ``recorded`` are the fields it lacks."""
        return cls(
            timeframe=timeframe,
            status=result.status,
            reason=series_reason(timeframe, result),
            rows_in=result.valid.height + result.rejected.height,
            valid=result.valid.height,
            rejected=result.rejected_rows,
            set_aside=result.set_aside_rows,
            findings=result.findings,
            anchor=result.anchor,
            **recorded,
        )

    def message(self, symbol: str) -> str:
        """The reason, with the whole command of its remedy."""
        return _with_commands(self.reason, self.findings, symbol, self.timeframe)


class Verdict(Document):
    """The verdict on one symbol; keys that only a later release knows are ignored."""

    model_config = ConfigDict(extra="ignore")

    symbol: str
    rules_version: int
    bars_schema_version: int
    policy_digest: str = ""  # of the severities in force
    calendar_version: str = ""  # of the library that knows the holidays
    calendar: str = Field(default="", exclude_if=lambda code: not code)  # its code; once unrecorded
    overrides: Array[Override] = Field(  # in force
        default=(), validation_alias="decisions", serialization_alias="decisions"
    )
    #: Overrides on record that are not in force, and the entries that withdrew them.
    withdrawn: Array[Override] = Field(default=(), exclude_if=is_absent)
    #: Corporate actions on record; those withdrawn, and the entries that withdrew them, as well.
    actions: Array[Action] = Field(default=(), exclude_if=is_absent)
    series: Array[SeriesVerdict]  # of the timeframes that the symbol is tracked on
    #: Of stored series of other lengths, which are only there to build timeframes from.
    finer: Array[SeriesVerdict] = Field(default=(), exclude_if=is_absent)

    @classmethod
    def of(
        cls,
        symbol: str,
        series: Sequence[SeriesVerdict],
        context: ValidationContext,
        calendar: str,
        finer: Sequence[SeriesVerdict] = (),
    ) -> "Verdict":
        """The verdict of the rules as they are now; ``calendar`` is the version of the library."""
        return cls(
            symbol=symbol,
            rules_version=RULES_VERSION,
            bars_schema_version=BARS_SCHEMA_VERSION,
            policy_digest=context.policy.digest,
            calendar_version=calendar,
            calendar=context.calendar,
            overrides=context.overrides,
            withdrawn=context.withdrawn,
            actions=context.actions,
            series=tuple(series),
            finer=tuple(finer),
        )

    @classmethod
    def parsed(cls, document: object) -> "Verdict":
        """The verdict that a parsed JSON document holds; `BarsError` where it holds none."""
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
        symbol = fields.pop("symbol")
        return {"symbol": symbol, "status": self.status, "reason": self.reason, **fields}

    @property
    def status(self) -> str:
        """Blocked when any series is; passed when any has bars."""
        statuses = {series.status for series in self.series}
        return next((status for status in (BLOCKED, PASSED) if status in statuses), NO_BARS)

    @property
    def validated(self) -> tuple[SeriesVerdict, ...]:
        """Those of all series, finer ones first."""
        return (*self.finer, *self.series)

    @property
    def derived_from(self) -> dict[str, str]:
        """Timeframe -> the finer series that its bars are built from, where none are given."""
        return {each.timeframe: each.derived_from for each in self.series if each.derived_from}

    @property
    def has_no_rows(self) -> bool:
        """True where there was nothing to validate."""
        return not any(series.rows_in or series.promoted for series in self.validated)

    @property
    def is_blocked_whole(self) -> bool:
        """True where a series is blocked and none passed: then nothing is computed."""
        return self.status == BLOCKED and not self.left_out

    @property
    def left_out(self) -> dict[str, str]:
        """Blocked timeframe -> why, where others passed: they are computed without it."""
        passed = any(series.status == PASSED for series in self.series)
        return self._messages if passed else {}

    @property
    def reason(self) -> str:
        """What blocks the symbol, one sentence per blocked series."""
        blocked = (series for series in self.series if series.status == BLOCKED)
        return _joined({series.timeframe: series.reason for series in blocked})

    @property
    def message(self) -> str:
        """The reason to show: its remedies have whole commands, which the stored one has not."""
        return _joined(self._messages)

    @property
    def promoted(self) -> dict[str, PromotedBars]:
        """The canonical bars in force per timeframe."""
        return {each.timeframe: each.promoted for each in self.series if each.promoted is not None}

    @property
    def bars_digests(self) -> dict[str, str]:
        """Timeframe -> digest of the canonical bars in force."""
        return {timeframe: bars.digest for timeframe, bars in self.promoted.items()}

    def adjusted_for(self, timeframe: str) -> tuple[Action, ...]:
        """The corporate actions that the bars of one timeframe are adjusted for."""
        series = self.at(timeframe)
        numbers = () if series is None else series.adjusted_for
        return tuple(action for action in self.actions if action.id in numbers)

    def at(self, timeframe: str) -> SeriesVerdict | None:
        """The verdict on one timeframe, or None where it was never validated."""
        return next((each for each in self.validated if each.timeframe == timeframe), None)

    @property
    def _messages(self) -> dict[str, str]:
        blocked = [series for series in self.series if series.status == BLOCKED]
        return {series.timeframe: series.message(self.symbol) for series in blocked}


def input_digest(rows: pl.DataFrame) -> str:
    """The digest of rows to validate: bars and when each was fetched, not in which file."""
    return frame_digest(rows.select(*BAR_COLUMNS, "fetched_at"))


def built_from(derived_from: Mapping[str, str]) -> list[str]:
    """A line for each finer series that timeframes are built from (`Verdict.derived_from`)."""
    together: dict[str, list[str]] = defaultdict(list)
    for timeframe, finer in derived_from.items():
        together[finer].append(timeframe)
    return [f"{', '.join(names)} built from {finer}" for finer, names in together.items()]


def series_message(symbol: str, timeframe: str, result: GateResult) -> str:
    """As `series_reason`, with the whole command of its remedy."""
    reason = series_reason(timeframe, result)
    return _with_commands(reason, result.findings, symbol, timeframe)


def series_reason(timeframe: str, result: GateResult) -> str:
    """One line on the worst finding and its remedy; empty where all is well."""
    worst = _worst(result.findings)
    if worst is not None:
        did = "counts" if worst.rule in _REJECTING_NOTHING else "rejected"
        more = sum(finding.is_blocking for finding in result.findings) - 1
        also = f" (and {more} more rule{'s' if more > 1 else ''})" if more else ""
        what = f"{worst.rule} {did} {worst.count} {worst.counted_unit} ({worst.examples[0]}){also}"
        return f"{timeframe}: {what}; {worst.remedy}"
    for finding in result.findings:
        if finding.severity is Severity.STATUS and finding.count:
            return f"{timeframe}: {finding.examples[0]}; {finding.remedy}"
    return ""


def _joined(reasons: Mapping[str, str]) -> str:
    """One sentence each; series that are blocked by the same finer bars share one."""
    together: dict[str, list[str]] = defaultdict(list)
    for timeframe, reason in reasons.items():
        together[reason.removeprefix(f"{timeframe}: ")].append(timeframe)
    return " | ".join(f"{', '.join(names)}: {reason}" for reason, names in together.items())


def _worst(findings: Sequence[ValidationFinding]) -> ValidationFinding | None:
    blocking = [finding for finding in findings if finding.is_blocking]
    return max(blocking, key=lambda finding: finding.count, default=None)


def _with_commands(
    reason: str, findings: Sequence[ValidationFinding], symbol: str, timeframe: str
) -> str:
    worst = _worst(findings)
    if worst is None:
        return reason
    return reason.removesuffix(worst.remedy) + worst.remedy_for(symbol, timeframe)
