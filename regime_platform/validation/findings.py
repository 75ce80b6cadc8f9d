"""A rule on bars, the rows that break it, and its finding, as verdict.json stores it."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

import numpy as np
import polars as pl

from regime_platform.model.document import Array, Document, Word
from regime_platform.model.timeframes import is_intraday

#: Rows that a finding quotes at most; all rows that break a rule are stored as rejected rows.
QUOTED = 3
REJECTED = "rejected"
SET_ASIDE = "set_aside"
#: In a remedy: stored without arguments, shown with those of the bar.
EXCLUDE = "`regime bars exclude`"
ACCEPT = "`regime bars accept`"
ADD_SPLIT = "`regime actions add`"
_OPENS = re.compile(r"(\d{4}-\d\d-\d\d)( \d\d:\d\d(?= ))?")
_SPLIT = re.compile(r" is (\d+:\d+)(?: on (\S+))?$")


class Severity(StrEnum):
    """What follows when a rule is broken."""

    ERROR = "error"  # the row is rejected and the series is not promoted
    WARNING = "warning"  # reported; the row stays
    SET_ASIDE = "set_aside"  # the row is kept out, and that is in order
    STATUS = "status"  # about the series as a whole; blocks nothing
    OFF = "off"  # not applied, by configuration


_KEEPING_OUT = (Severity.ERROR, Severity.SET_ASIDE)


@dataclass(frozen=True)
class Rule:
    """A named requirement on bars."""

    name: str
    severity: Severity
    remedy: str  # one line, an instruction
    reason: pl.Expr  # text, evaluated on a row that breaks the rule: what is wrong with it
    #: True for rows that break it; of rules without it, code finds them.
    breaks: pl.Expr = field(default_factory=lambda: pl.lit(value=False))
    unit: str = "bars"  # what is counted: bars, sessions or series
    is_applicable: bool = True  # False where what it compares with is not known

    @property
    def is_applied(self) -> bool:
        """False where it is switched off."""
        return self.severity is not Severity.OFF

    def at(self, severity: Severity) -> Self:
        """The same rule with another severity."""
        return self if severity is self.severity else replace(self, severity=severity)


class ValidationFinding(Document):
    """How often one rule was broken; a clean run has one with count 0 for every rule."""

    rule: str
    severity: Word[Severity]
    unit: str
    checked: int  # rows the rule was applied to; 0 where it could not be applied
    count: int
    examples: Array[str]  # the first rows that break it, with their opens
    remedy: str
    accepted: int = 0  # breaches that an override accepts; not in ``count``

    @property
    def is_blocking(self) -> bool:
        """True where the series must not be promoted."""
        return self.severity is Severity.ERROR and self.count > 0

    @property
    def counted_unit(self) -> str:
        """The unit as it follows the count."""
        is_single = self.count == 1 and self.unit != "series"
        return self.unit.removesuffix("s") if is_single else self.unit

    def remedy_for(self, symbol: str, timeframe: str) -> str:
        """The remedy, with whole commands for its bar, or for all of several."""
        example = self.examples[0] if self.examples else ""
        opens, split = _OPENS.match(example), _SPLIT.search(example)
        remedy = self.remedy.replace("SYMBOL", symbol).replace("TIMEFRAME", timeframe)
        if opens is None:
            return remedy
        bar = f"{symbol} {timeframe} {opens[0].replace(' ', 'T')}"
        commands = {EXCLUDE: f"exclude {bar}", ACCEPT: f"accept {bar} --rule {self.rule}"}
        if self.count > 1:
            every = f"{symbol} {self.rule} --timeframe {timeframe}"
            commands = {EXCLUDE: f"exclude-found {every}", ACCEPT: f"accept-found {every}"}
        for command, words in commands.items():
            remedy = remedy.replace(command, f"`regime bars {words} --reason TEXT`")
        if split is not None:
            words = f"split {split[2] or opens[1]} {split[1]} --reason TEXT"
            remedy = remedy.replace(ADD_SPLIT, f"`regime actions add {symbol} {words}`")
        return remedy


@dataclass(frozen=True)
class Breach:
    """The rows that break one rule, with the columns that its reason reads."""

    rule: Rule
    checked: int
    rows: pl.DataFrame  # of the gate with ``row``, the place in its input
    accepted: int = 0  # rows left out, since overrides accept them

    def finding(self, timeframe: str) -> ValidationFinding:
        """The finding of the rule, with its first rows as examples."""
        if not self.rule.is_applied or self.rows.is_empty():
            return finding_of(self.rule, self.checked, 0, accepted=self.accepted)
        quoted = pl.concat_str(opens_text(timeframe), self.rule.reason, separator=" ")
        examples = self.rows.head(QUOTED).select(quoted).to_series().to_list()
        return finding_of(
            self.rule, self.checked, self.rows.height, tuple(examples), accepted=self.accepted
        )


def quoted_opens(examples: Sequence[str]) -> list[dt.datetime]:
    """The opens that the examples of a finding begin with."""
    matches = filter(None, map(_OPENS.match, examples))
    return [dt.datetime.fromisoformat(match[0]).replace(tzinfo=dt.UTC) for match in matches]


def kept_out(
    breaches: Sequence[Breach], height: int, severities: tuple[Severity, ...] = _KEEPING_OUT
) -> pl.Series:
    """The rows that break any rule of the severities."""
    places = [breach.rows["row"] for breach in breaches if breach.rule.severity in severities]
    return mask_of(height, pl.concat([pl.Series(dtype=pl.UInt32), *places]))


def rejected_rows(rows: pl.DataFrame, breaches: Sequence[Breach]) -> pl.DataFrame:
    """The rows kept out, each once and in order, with the first rule broken and all reasons."""
    reasons = [
        breach.rows.select(
            "row",
            is_wrong=pl.lit(breach.rule.severity is Severity.ERROR),
            rule=pl.lit(breach.rule.name),
            reason=breach.rule.reason,
        )
        for breach in breaches
        if breach.rule.severity in _KEEPING_OUT and breach.rows.height
    ]
    if not reasons:
        return rows.clear().with_columns(disposition=pl.lit(""), rule=pl.lit(""), reason=pl.lit(""))
    each = (
        pl.concat(reasons)
        .group_by("row", maintain_order=True)
        .agg(
            pl.when(pl.col("is_wrong").any())
            .then(pl.lit(REJECTED))
            .otherwise(pl.lit(SET_ASIDE))
            .alias("disposition"),
            pl.col("rule").first(),
            pl.col("reason").str.join("; "),
        )
        .sort("row")
    )
    return rows[each["row"]].hstack(each.drop("row"))


def those(rows: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """The rows of the mask; where it has none, without a look at the rows."""
    return rows.filter(mask) if mask.any() else rows.clear()


def mask_of(height: int, places: pl.Series | None = None) -> pl.Series:
    """A mask that is True at ``places`` alone."""
    mask = np.zeros(height, dtype=np.bool_)
    if places is not None:
        mask[places.to_numpy()] = True
    return pl.Series(mask)


def finding_of(
    rule: Rule, checked: int, count: int, examples: tuple[str, ...] = (), *, accepted: int = 0
) -> ValidationFinding:
    """The finding of ``rule`` with at most ``QUOTED`` examples."""
    return ValidationFinding(
        rule=rule.name,
        severity=rule.severity,
        unit=rule.unit,
        checked=checked,
        count=count,
        examples=examples[:QUOTED],
        remedy=rule.remedy,
        accepted=accepted,
    )


def opens_text(timeframe: str) -> pl.Expr:
    """The open of a bar as text: a date, or an instant to the minute."""
    text = pl.col("ts").dt.strftime("%Y-%m-%d %H:%M" if is_intraday(timeframe) else "%Y-%m-%d")
    return text.fill_null("no ts")


def worded(template: str, *values: pl.Expr | str) -> pl.Expr:
    """A sentence with each ``{}`` replaced by the row's value; a string names a column.

    ``pl.format`` would do, but in Polars 2.1 it panics on filtered columns that once had nulls.
    """
    texts = template.split("{}")
    parts: list[pl.Expr] = [pl.lit(texts[0])]
    for value, text in zip(values, texts[1:], strict=True):
        column = pl.col(value) if isinstance(value, str) else value
        parts += [column.cast(pl.String).fill_null("null"), pl.lit(text)]
    return pl.concat_str(parts)
