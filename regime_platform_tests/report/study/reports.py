"""Reports of studies with made-up numbers, as `query.study` gives them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import polars as pl
import pytest

from regime_platform.studies.catalog import STUDIES, StudyEntry
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import (
    Column,
    Conclusion,
    LeftOut,
    StudyReport,
    StudyTable,
    SymbolStudy,
    Unit,
)
from regime_platform.studies.series import StudySeries

QUESTION = "What did the price do after each regime and bucket?"
SHOWN = Conclusion(
    key="high-move",
    claim="moves after HIGH are {direction} than after other bars",
    effect=0.021,
    unit=Unit.POINTS,
    low=0.012,
    high=0.034,
    p_value=0.002,
    placebo_mean=0.0004,
    placebo_share=0.0,
    windows=41,
    p_adjusted=0.006,
    directions=("larger", "smaller"),
)
NOT_SHOWN = replace(
    SHOWN,
    key="high-return",
    claim="returns after HIGH are {direction} than after other bars",
    effect=-0.003,
    low=-0.02,
    high=0.015,
    p_value=0.7,
    p_adjusted=0.9,
    directions=("higher", "lower"),
)
TOO_FEW = replace(NOT_SHOWN, key="shock", claim="returns after shock are {direction}", windows=4)
TABLE = StudyTable(
    key="buckets",
    title="By bucket",
    columns=(
        Column("state", "state", Unit.TEXT),
        Column("bars", "bars", Unit.COUNT),
        Column("mean", "mean return", Unit.PERCENT),
        Column("difference", "difference", Unit.POINTS),
        Column("p", "p", Unit.P_VALUE),
        Column("first", "first", Unit.DATE),
    ),
    rows=pl.DataFrame(
        {
            "state": ["LOW", "HIGH", "PANIC_RISK"],
            "bars": [12345, 678, 9],
            "mean": [0.0123, -0.004, None],
            "difference": [0.001, -0.02, None],
            "p": [0.5, 0.0123, None],
            "first": [dt.date(2001, 2, 3), dt.date(2008, 10, 10), None],
        }
    ),
    note="returns over 20 bars",
)


def symbol_study(symbol: str = "IBM", *conclusions: Conclusion) -> SymbolStudy:
    """The answer of a symbol."""
    return SymbolStudy(
        study="forward-returns",
        symbol=symbol,
        timeframe="1day",
        first=dt.datetime(2000, 1, 3, tzinfo=dt.UTC),
        last=dt.datetime(2013, 3, 1, tzinfo=dt.UTC),
        bars=3310,
        left_out=399,
        tables=(TABLE, replace(TABLE, key="eras", title="By era", is_detail=True)),
        conclusions=conclusions or (SHOWN, NOT_SHOWN, TOO_FEW),
        notes=("the first 399 ranks are immature",),
    )


def study_report(*symbols: SymbolStudy, left_out: tuple[LeftOut, ...] = ()) -> StudyReport:
    """The report of some symbols."""
    several = len(symbols) > 1
    return StudyReport(
        study="forward-returns",
        title="Forward returns",
        question=QUESTION,
        timeframe="1day",
        options=StudyOptions(),
        symbols=symbols,
        tables=(replace(TABLE, key="pooled", title="All symbols"),) if several else (),
        conclusions=(NOT_SHOWN, SHOWN) if several else (),
        left_out=left_out,
    )


class MadeUpStudy:
    """A study whose answer has nothing to do with the bars, but for their symbol."""

    def of(
        self,
        series: StudySeries,
        others: Mapping[str, StudySeries],  # noqa: ARG002 - of the protocol
        options: StudyOptions,  # noqa: ARG002 - of the protocol
    ) -> SymbolStudy:
        """The same for every symbol."""
        return replace(symbol_study(series.symbol), timeframe=series.timeframe)

    def pooled(
        self,
        studies: Sequence[SymbolStudy],
        options: StudyOptions,  # noqa: ARG002 - of the protocol
    ) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
        """The number of symbols is that of the windows."""
        windows = len(studies)
        return (replace(TABLE, key="pooled", title="All symbols"),), (
            replace(SHOWN, windows=windows),
        )


def make_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets every study of the catalog be the made-up one, without its libraries."""
    entry = StudyEntry("forward-returns", "Forward returns", QUESTION, "forward_returns.study")
    monkeypatch.setitem(cast(dict[str, StudyEntry], STUDIES), entry.name, entry)
    monkeypatch.setattr(StudyEntry, "load", lambda _entry: MadeUpStudy())
