"""What the gate decided on one symbol, as it is stored beside its bars and shown to people.

A verdict names the input it was reached on and, per series, the canonical bars in force: those just
promoted, or the last good ones where the series is blocked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_COLUMNS, BARS_SCHEMA_VERSION
from regime_platform.model.digests import frame_digest
from regime_platform.model.series import FileFacts, Promoted
from regime_platform.validation.calendar_rules import MISSING_BARS, MISSING_SESSIONS
from regime_platform.validation.decisions import Decision
from regime_platform.validation.findings import Finding, Severity
from regime_platform.validation.gate import (
    BLOCKED,
    NO_BARS,
    PASSED,
    RULES_VERSION,
    GateResult,
)
from regime_platform.validation.listing_rules import UNLISTED, Listed
from regime_platform.validation.overlap_rules import CONTRADICTED, OVERLAP
from regime_platform.validation.timeframe_rules import TIMEFRAME_RULES

_REJECTING_NOTHING = frozenset(
    rule.name for rule in (MISSING_SESSIONS, MISSING_BARS, OVERLAP, CONTRADICTED, *TIMEFRAME_RULES)
)


@dataclass(frozen=True)
class SeriesVerdict:
    """The verdict on one timeframe."""

    timeframe: str
    status: str  # passed, blocked, no_bars
    reason: str  # one line; empty where there is nothing to say
    input_digest: str  # of the rows judged
    rows_in: int
    valid: int
    rejected: int
    set_aside: int
    findings: tuple[Finding, ...]  # one per rule
    promoted: Promoted | None  # the canonical bars in force, whatever the status
    log_digest: str = ""  # of the raw log's file names: equal means that nothing came since
    anchor: str = ""  # where intraday bars start: session or clock
    raw_files: tuple[str, ...] = ()  # of the raw log that were judged, in order of arrival
    listed: Listed = UNLISTED  # the dates it was judged by
    rejected_file: FileFacts | None = None  # of the rows kept out; None also in older verdicts

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON; what an older verdict did not have is left out where empty."""
        told = {
            **vars(self),
            "findings": [one.facts() for one in self.findings],
            "raw_files": list(self.raw_files),
            "listed": asdict(self.listed),
            "promoted": None if self.promoted is None else self.promoted.facts(),
        }
        file = told.pop("rejected_file")
        return told | ({} if file is None else {"rejected_file": asdict(file)})

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "SeriesVerdict":
        """The inverse of ``facts``."""
        promoted, file = facts["promoted"], facts.get("rejected_file")
        return cls(
            **{
                **facts,
                "findings": tuple(Finding.from_facts(one) for one in facts["findings"]),
                "raw_files": tuple(facts.get("raw_files", ())),
                "listed": Listed(**facts.get("listed", {})),
                "promoted": None if promoted is None else Promoted.from_facts(promoted),
                "rejected_file": None if file is None else FileFacts(**file),
            }
        )


@dataclass(frozen=True)
class Verdict:
    """The verdict on one symbol."""

    symbol: str
    series: tuple[SeriesVerdict, ...]
    rules_version: int = RULES_VERSION
    bars_schema_version: int = BARS_SCHEMA_VERSION
    policy_digest: str = ""  # of the severities in force
    calendar_version: str = ""  # of the library that knows the holidays
    decisions: tuple[Decision, ...] = ()  # by persons, those in force
    withdrawn: tuple[Decision, ...] = ()  # the others on record, and what withdrew them

    @property
    def status(self) -> str:
        """Blocked when any series is; passed when any has bars."""
        statuses = {one.status for one in self.series}
        return next((one for one in (BLOCKED, PASSED) if one in statuses), NO_BARS)

    @property
    def reason(self) -> str:
        """What blocks the symbol, one sentence per blocked series."""
        return " | ".join(one.reason for one in self.series if one.status == BLOCKED)

    @property
    def promoted(self) -> dict[str, Promoted]:
        """The canonical bars in force per timeframe."""
        return {one.timeframe: one.promoted for one in self.series if one.promoted is not None}

    def at(self, timeframe: str) -> SeriesVerdict | None:
        """The verdict on one timeframe, or None where it was never judged."""
        return next((one for one in self.series if one.timeframe == timeframe), None)

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON, the summary first."""
        return {
            "symbol": self.symbol,
            "status": self.status,
            "reason": self.reason,
            "rules_version": self.rules_version,
            "bars_schema_version": self.bars_schema_version,
            "policy_digest": self.policy_digest,
            "calendar_version": self.calendar_version,
            "decisions": [one.facts() for one in self.decisions],
            **withdrawn_facts(self.withdrawn),
            "series": [one.facts() for one in self.series],
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Verdict":
        """The inverse of ``facts``.

        Raises:
            BarsError: the facts are not those of a verdict.
        """
        try:
            return cls(
                symbol=facts["symbol"],
                series=tuple(SeriesVerdict.from_facts(one) for one in facts["series"]),
                rules_version=facts["rules_version"],
                bars_schema_version=facts["bars_schema_version"],
                policy_digest=facts.get("policy_digest", ""),
                calendar_version=facts.get("calendar_version", ""),
                decisions=tuple(Decision.from_facts(one) for one in facts.get("decisions", ())),
                withdrawn=tuple(Decision.from_facts(one) for one in facts.get("withdrawn", ())),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BarsError(
                f"not a verdict of this platform ({type(error).__name__}: {error}); "
                "`regime repair` reaches it anew from the raw log"
            ) from error


def withdrawn_facts(entries: Sequence[Decision]) -> dict[str, Any]:
    """Withdrawn decisions as plain values; nothing where there are none, as in older documents."""
    return {"withdrawn": [entry.facts() for entry in entries]} if entries else {}


def input_digest(rows: pl.DataFrame) -> str:
    """The digest of rows about to be judged: bars and when each was fetched, not in which file."""
    return frame_digest(rows.select(*BAR_COLUMNS, "fetched_at"))


def judge(  # noqa: PLR0913 - one parameter per fact that the result does not know
    result: GateResult,
    *,
    timeframe: str,
    input_digest: str,
    promoted: Promoted | None,
    log_digest: str = "",
    raw_files: Sequence[str] = (),
    listed: Listed = UNLISTED,
    rejected_file: FileFacts | None = None,
) -> SeriesVerdict:
    """The verdict on one series; ``promoted`` is the pointer that shall be in force."""
    return SeriesVerdict(
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


def series_reason(timeframe: str, result: GateResult) -> str:
    """One line on the worst finding and what to do about it; empty where all is well."""
    blocking = [one for one in result.findings if one.is_blocking]
    if blocking:
        return f"{timeframe}: {_blocked_by(blocking)}"
    for one in result.findings:
        if one.severity is Severity.STATUS and one.count:
            return f"{timeframe}: {one.examples[0]}; {one.remedy}"
    return ""


def _blocked_by(blocking: list[Finding]) -> str:
    worst = max(blocking, key=lambda one: one.count)
    unit = worst.unit.removesuffix("s") if worst.count == 1 else worst.unit
    did = "counts" if worst.rule in _REJECTING_NOTHING else "rejected"
    more = len(blocking) - 1
    also = f" (and {more} more rule{'s' if more > 1 else ''})" if more else ""
    return f"{worst.rule} {did} {worst.count} {unit} ({worst.examples[0]}){also}; {worst.remedy}"
