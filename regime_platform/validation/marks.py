"""Which rows break which rule, and what follows from it: findings and rejected rows."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from regime_platform.validation.findings import QUOTED, Rule, Severity, ValidationFinding, finding
from regime_platform.validation.rules.bar import opens_text

REJECTED = "rejected"
SET_ASIDE = "set_aside"
_KEEPING_OUT = (Severity.ERROR, Severity.SET_ASIDE)


@dataclass(frozen=True)
class Mark:
    """The rows that break one rule."""

    rule: Rule
    mask: pl.Series  # over all rows
    checked: int
    said: pl.DataFrame | None = None  # those rows with what the reason reads, if rows lack it
    accepted: int = 0

    @cached_property
    def count(self) -> int:
        """How many rows break the rule."""
        return int(self.mask.sum())

    def rows(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that break the rule, with what its reason reads."""
        return rows.filter(self.mask) if self.said is None else self.said


def nowhere(height: int) -> pl.Series:
    """A mask that holds for no row."""
    return pl.Series(np.zeros(height, dtype=np.bool_))


def broken(marks: Sequence[Mark], severity: Severity, height: int) -> pl.Series:
    """The rows that break any rule of the severity."""
    total = nowhere(height)
    for mark in marks:
        if mark.rule.severity is severity and mark.count:
            total |= mark.mask
    return total


def found(rows: pl.DataFrame, mark: Mark, timeframe: str) -> ValidationFinding:
    """What the rule found, its first rows quoted."""
    rule = mark.rule
    count = mark.count if rule.is_applied else 0
    if count == 0:
        return finding(rule, mark.checked, 0, accepted=mark.accepted)
    examples = quoted(mark.rows(rows).head(QUOTED), rule, timeframe)
    return finding(rule, mark.checked, count, examples, accepted=mark.accepted)


def quoted(rows: pl.DataFrame, rule: Rule, timeframe: str) -> tuple[str, ...]:
    """What is wrong with each of ``rows``, after its open."""
    told = rows.select(pl.concat_str(opens_text(timeframe), rule.reason, separator=" "))
    return tuple(told.to_series().to_list())


def rejected_rows(rows: pl.DataFrame, marks: Sequence[Mark], wrong: pl.Series) -> pl.DataFrame:
    """The rows kept out, each once and in order, with the first rule broken and all reasons."""
    told = list(_told(rows, marks))
    if not told:
        return rows.clear().with_columns(_NO_WORDS)
    each = (
        pl.concat(told)
        .group_by("row", maintain_order=True)
        .agg(pl.col("rule").first(), pl.col("reason").str.join("; "))
        .sort("row")
    )
    places = each["row"]
    words = pl.Series("disposition", [REJECTED, SET_ASIDE])
    disposition = words.gather(1 - wrong.gather(places).cast(pl.UInt32))
    return rows[places].with_columns(disposition, each["rule"], each["reason"])


def without_accepted(mark: Mark, rows: pl.DataFrame, accepted: Sequence[dt.datetime]) -> Mark:
    """``mark`` without the rows whose opens a person declared true."""
    if not accepted:
        return mark
    pardoned = mark.mask & rows["ts"].is_in(accepted)
    said = None if mark.said is None else mark.said.filter(~pl.col("ts").is_in(accepted))
    return replace(mark, mask=mark.mask & ~pardoned, said=said, accepted=int(pardoned.sum()))


_NO_WORDS = [pl.lit("").alias(name) for name in ("disposition", "rule", "reason")]


def _told(rows: pl.DataFrame, marks: Sequence[Mark]) -> Iterator[pl.DataFrame]:
    for mark in marks:
        if mark.rule.severity in _KEEPING_OUT and mark.count:
            reason = mark.rows(rows).with_columns(reason=mark.rule.reason)
            yield reason.select(
                row=mark.mask.arg_true(), rule=pl.lit(mark.rule.name), reason="reason"
            )
