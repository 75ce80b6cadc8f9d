"""What a study answers: tables and conclusions, of a symbol and across symbols."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.errors import RegimeError, about
from regime_platform.model.instants import iso
from regime_platform.studies.options import FEWEST_WINDOWS, StudyOptions


class Unit(StrEnum):
    """What a number is, and so how it is shown."""

    TEXT = "text"
    DATE = "date"
    COUNT = "count"
    BARS = "bars"
    PERCENT = "percent"  # stored as a fraction: 0.012 is shown as 1.2 %
    POINTS = "points"  # a difference of two fractions: 0.012 is shown as +1.2 points
    RATIO = "ratio"
    P_VALUE = "p_value"

    def text(self, value: float) -> str:
        """A number in words of its unit; n/a where there is none."""
        if not math.isfinite(value):
            return "n/a"
        if self is Unit.PERCENT:
            return f"{value:.1%}".replace("%", " %")
        if self is Unit.POINTS:
            return f"{100 * value:+.2f} points"
        if self is Unit.P_VALUE:
            return f"{value:.3f}" if value >= 0.001 else f"{value:.4f}"
        return f"{value:,.0f}" if self is Unit.COUNT else f"{value:,.2f}"


@dataclass(frozen=True)
class Column:
    """A column of a table: its name in frames and JSON, its title, its unit."""

    key: str
    title: str
    unit: Unit


@dataclass(frozen=True)
class StudyTable:
    """A table; ``rows`` has the keys of ``columns``, in their order, null where there is no value.

    A detail is left to JSON and page; the terminal shows the others.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: pl.DataFrame
    note: str = ""
    is_detail: bool = False

    def document(self) -> dict[str, Any]:
        """The table as JSON values."""
        return {
            "key": self.key,
            "title": self.title,
            "columns": [
                {"key": each.key, "title": each.title, "unit": each.unit.value}
                for each in self.columns
            ],
            "rows": [_plain(row) for row in self.rows.iter_rows(named=True)],
            "note": self.note,
        }


@dataclass(frozen=True)
class Conclusion:
    """An effect, and whether the data show it.

    ``claim`` completes "there is evidence that"; "{direction}" in it becomes the word of
    ``directions`` for an effect above zero, or below, and both where nothing was shown. With a
    single direction only an effect above zero can be shown.
    """

    key: str
    claim: str
    effect: float  # NaN: cannot be computed
    unit: Unit
    low: float  # interval of the options' confidence
    high: float
    p_value: float  # of the placebo test: (1 + k) / (1 + n)
    placebo_mean: float  # mean effect of the placebos
    placebo_share: float  # placebos at least as far from no effect: k / n
    windows: int  # independent ones of the signal, or of the rest where these are too few
    p_adjusted: float | None = None  # over all that were tested together; None: tested alone
    alpha: float = 0.05
    directions: tuple[str, ...] = ("higher", "lower")

    @property
    def is_too_few(self) -> bool:
        """True where there are too few independent windows to say anything."""
        return self.windows < FEWEST_WINDOWS

    @property
    def is_significant(self) -> bool:
        """True where the effect is shown, after the correction for all that was tested."""
        p = self.p_value if self.p_adjusted is None else self.p_adjusted
        return not self.is_too_few and math.isfinite(self.effect) and p <= self.alpha

    @property
    def statement(self) -> str:
        """The conclusion as a sentence."""
        claim = self._claim(" or ".join(self.directions))
        if self.is_too_few:
            return f"Too few to say whether {claim}: {self._windows}."
        if not math.isfinite(self.effect):
            return f"Nothing to compare to say whether {claim}."
        if self.is_significant:
            return f"{_sentence(self._claim(self.directions[self.effect <= 0]))}: {self._numbers}."
        return f"No evidence that {claim}: {self._numbers}."

    def document(self) -> dict[str, Any]:
        """The conclusion as JSON values."""
        names = ("effect", "low", "high", "p_value", "p_adjusted", "placebo_mean", "placebo_share")
        return {
            "key": self.key,
            "statement": self.statement,
            "unit": self.unit.value,
            **_plain({name: getattr(self, name) for name in names}),
            "independent_windows": self.windows,
            "is_significant": self.is_significant,
            "is_too_few": self.is_too_few,
        }

    @property
    def _numbers(self) -> str:
        text, p = self.unit.text, f"p {Unit.P_VALUE.text(self.p_value)}"
        if self.p_adjusted is not None:
            p += f", {Unit.P_VALUE.text(self.p_adjusted)} after correction"
        has_interval = math.isfinite(self.low) or math.isfinite(self.high)
        interval = f"interval {text(self.low)} to {text(self.high)}; " if has_interval else ""
        return (
            f"{text(self.effect)} ({interval}{p}; placebos {text(self.placebo_mean)}; "
            f"{self._windows})"
        )

    @property
    def _windows(self) -> str:
        return f"{self.windows:,} independent window{'s' * (self.windows != 1)}"

    def _claim(self, direction: str) -> str:
        return self.claim.replace("{direction}", direction)


@dataclass(frozen=True)
class SymbolStudy:
    """The answer of a symbol; ``sums`` is what the view across symbols pools."""

    study: str
    symbol: str
    timeframe: str
    first: dt.datetime  # opens of the first and the last bar, aware
    last: dt.datetime
    bars: int
    left_out: int  # bars left out because their rank is immature
    tables: tuple[StudyTable, ...]
    conclusions: tuple[Conclusion, ...]
    sums: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The answer as JSON values, without ``sums``."""
        return {
            "symbol": self.symbol,
            "timeframe": self.timeframe,
            "first_bar": iso(self.first),
            "last_bar": iso(self.last),
            "bars": self.bars,
            "bars_left_out": self.left_out,
            "conclusions": [each.document() for each in self.conclusions],
            "tables": [each.document() for each in self.tables],
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class LeftOut:
    """A symbol without an answer, and why: the error that it raises when asked for alone."""

    symbol: str
    error: RegimeError
    is_damaged: bool = False  # or failed in another way; otherwise there is nothing to study

    @property
    def reason(self) -> str:
        """The error in words."""
        return str(self.error)

    @property
    def in_words(self) -> str:
        """The symbol and the error."""
        return about(self.symbol, self.reason)

    def document(self) -> dict[str, Any]:
        """The symbol as JSON values."""
        return {
            "symbol": self.symbol,
            "reason": self.reason,
            "code": self.error.code,
            "is_damaged": self.is_damaged,
        }


@dataclass(frozen=True)
class StudyReport:
    """The answer to `regime study`: one symbol or many, and what they say together."""

    study: str
    title: str
    question: str
    timeframe: str
    options: StudyOptions
    symbols: tuple[SymbolStudy, ...]
    tables: tuple[StudyTable, ...]  # across symbols; empty of a single symbol
    conclusions: tuple[Conclusion, ...]
    left_out: tuple[LeftOut, ...]

    def document(self) -> dict[str, Any]:
        """The report as JSON values."""
        options = self.options
        return {
            "study": self.study,
            "title": self.title,
            "question": self.question,
            "timeframe": self.timeframe,
            "options": {
                "horizon": options.horizon,
                "split": None if options.split is None else iso(options.split),
                "include_immature": options.include_immature,
                "draws": options.draws,
                "seed": options.seed,
                "cost_bps": options.cost_bps,
                "confidence": options.confidence,
            },
            "conclusions": [each.document() for each in self.conclusions],
            "tables": [each.document() for each in self.tables],
            "symbols": [each.document() for each in self.symbols],
            "left_out": [each.document() for each in self.left_out],
        }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dt.datetime):
        return iso(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
