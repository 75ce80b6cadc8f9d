"""The rows that break a rule, and what follows from them: findings and rejected rows."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from regime_platform.validation.findings import (
    QUOTED,
    Rule,
    Severity,
    ValidationFinding,
    finding_of,
)
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
    detail: pl.DataFrame | None = (
        None  # those rows with the columns of the reason, if rows lack any
    )
    accepted: int = 0

    @cached_property
    def count(self) -> int:
        """How many rows break the rule."""
        return int(self.mask.sum())

    def rows(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that break the rule, with the columns that its reason reads."""
        return rows.filter(self.mask) if self.detail is None else self.detail


def no_rows(height: int) -> pl.Series:
    """A mask that is False for every row."""
    return pl.Series(np.zeros(height, dtype=np.bool_))


def broken(marks: Sequence[Mark], severity: Severity, height: int) -> pl.Series:
    """The rows that break any rule of the severity."""
    total = no_rows(height)
    for mark in marks:
        if mark.rule.severity is severity and mark.count:
            total |= mark.mask
    return total


def mark_finding(rows: pl.DataFrame, mark: Mark, timeframe: str) -> ValidationFinding:
    """The finding of the rule, with its first rows as examples."""
    rule = mark.rule
    count = mark.count if rule.is_applied else 0
    if count == 0:
        return finding_of(rule, mark.checked, 0, accepted=mark.accepted)
    examples = quoted(mark.rows(rows).head(QUOTED), rule, timeframe)
    return finding_of(rule, mark.checked, count, examples, accepted=mark.accepted)


def quoted(rows: pl.DataFrame, rule: Rule, timeframe: str) -> tuple[str, ...]:
    """The open of each row and the reason why it breaks the rule."""
    texts = rows.select(pl.concat_str(opens_text(timeframe), rule.reason, separator=" "))
    return tuple(texts.to_series().to_list())


def rejected_rows(rows: pl.DataFrame, marks: Sequence[Mark], wrong: pl.Series) -> pl.DataFrame:
    """The rows kept out, each once and in order, with the first rule broken and all reasons."""
    reasons = list(_reasons(rows, marks))
    if not reasons:
        return rows.clear().with_columns(_NO_REASONS)
    each = (
        pl.concat(reasons)
        .group_by("row", maintain_order=True)
        .agg(pl.col("rule").first(), pl.col("reason").str.join("; "))
        .sort("row")
    )
    places = each["row"]
    dispositions = pl.Series("disposition", [REJECTED, SET_ASIDE])
    disposition = dispositions.gather(1 - wrong.gather(places).cast(pl.UInt32))
    return rows[places].with_columns(disposition, each["rule"], each["reason"])


def without_accepted(mark: Mark, rows: pl.DataFrame, accepted: Sequence[dt.datetime]) -> Mark:
    """``mark`` without the rows whose opens an override accepts."""
    if not accepted:
        return mark
    true = mark.mask & rows["ts"].is_in(accepted)
    detail = None if mark.detail is None else mark.detail.filter(~pl.col("ts").is_in(accepted))
    return replace(mark, mask=mark.mask & ~true, detail=detail, accepted=int(true.sum()))


_NO_REASONS = [pl.lit("").alias(name) for name in ("disposition", "rule", "reason")]


def _reasons(rows: pl.DataFrame, marks: Sequence[Mark]) -> Iterator[pl.DataFrame]:
    for mark in marks:
        if mark.rule.severity in _KEEPING_OUT and mark.count:
            reason = mark.rows(rows).with_columns(reason=mark.rule.reason)
            yield reason.select(
                row=mark.mask.arg_true(), rule=pl.lit(mark.rule.name), reason="reason"
            )
