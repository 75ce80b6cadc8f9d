"""The page of a study as one self-contained file: conclusions, pictures, tables.

The same report gives the same bytes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from regime_platform.model.instants import iso
from regime_platform.report import assets
from regime_platform.report.html import render
from regime_platform.report.study.cells import NONE, WORDS, cell, open_claim, verdict
from regime_platform.report.study.drawing import STYLES
from regime_platform.report.study.figure import Figure
from regime_platform.report.study.figures import figures
from regime_platform.report.study.reading import READING, RULES
from regime_platform.report.study.series_figures import DRAWN, series_figures
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, StudyReport, StudyTable, SymbolStudy, Unit
from regime_platform.studies.series import StudySeries

#: With more symbols than these the page has a row of each, and their tables are left out.
MOST_WHOLE = 12
_ADJUSTED = (
    "adjusted: the p-values of this table, corrected over its symbols (Benjamini and Yekutieli); "
    "the sentences of a symbol are corrected within it."
)
_NO_SERIES: Mapping[str, StudySeries] = MappingProxyType({})


@dataclass(frozen=True)
class ShownTable:
    """A table in words."""

    title: str
    note: str
    columns: Sequence[tuple[str, bool]]  # title, and whether it is a number
    rows: Sequence[Sequence[str]]
    is_detail: bool = False


@dataclass(frozen=True)
class Part:
    """An answer: across symbols, or of one."""

    heading: str
    notes: Sequence[str]
    conclusions: Sequence[Conclusion]
    figures: Sequence[Figure]
    tables: Sequence[ShownTable]


def study_page(report: StudyReport, series: Mapping[str, StudySeries] = _NO_SERIES) -> str:
    """The page of a report; each symbol has a part of its own unless there are many.

    Args:
        report: of a study.
        series: by symbol, for pictures that need the bars; `wants_series` names these symbols.
    """
    is_single = len(report.symbols) == 1
    across = Part(
        "Across symbols",
        (),
        report.conclusions,
        [*figures(report.tables, report.conclusions)],
        [shown_table(each) for each in report.tables],
    )
    return render(
        "study/study_page.html",
        report=report,
        subject=subject(report),
        parameters=parameters(report.options),
        styles=assets.inlined(STYLES, "study.css"),
        across=None if is_single else across,
        overview=None if is_single else overview(report.symbols),
        symbols=[
            symbol_part(each, series.get(each.symbol), report.options) for each in _whole(report)
        ],
        reading=READING.get(report.study, ""),
        rules=RULES,
    )


def subject(report: StudyReport) -> str:
    """What the report is about, such as "IBM 1day" or "25 symbols, 1day"."""
    if len(report.symbols) == 1:
        return f"{report.symbols[0].symbol} {report.timeframe}"
    return f"{len(report.symbols):,} symbols, {report.timeframe}"


def parameters(options: StudyOptions) -> str:
    """The options in words."""
    parts = [
        f"horizon {options.horizon:,} bars",
        f"out of sample from {iso(options.split)[:10]}" if options.split else "no split",
        f"immature ranks {'included' if options.include_immature else 'left out'}",
        f"{options.draws:,} draws, seed {options.seed}",
        f"costs {options.cost_bps:g} bps of turnover",
        f"confidence {100 * options.confidence:g} %",
    ]
    return ", ".join(parts)


def wants_series(report: StudyReport) -> Sequence[str]:
    """The symbols of whose bars the page has pictures."""
    return [each.symbol for each in _whole(report)] if report.study in DRAWN else []


def _whole(report: StudyReport) -> Sequence[SymbolStudy]:
    return report.symbols if len(report.symbols) <= MOST_WHOLE else ()


def symbol_part(study: SymbolStudy, series: StudySeries | None, options: StudyOptions) -> Part:
    """The answer of a symbol."""
    drawn = [*figures(study.tables, study.conclusions)]
    if series is not None:
        drawn += series_figures(study, series, options)
    return Part(
        study.symbol,
        [span(study), *study.notes],
        study.conclusions,
        drawn,
        [shown_table(each) for each in study.tables],
    )


def span(study: SymbolStudy) -> str:
    """The bars of a symbol in words."""
    left = f"; {study.left_out:,} left out, whose rank is immature" if study.left_out else ""
    return f"{study.bars:,} bars, {study.first:%Y-%m-%d} to {study.last:%Y-%m-%d}{left}"


def shown_table(table: StudyTable) -> ShownTable:
    """A table with its numbers as text."""
    units = [column.unit for column in table.columns]
    return ShownTable(
        table.title,
        table.note,
        [(column.title, column.unit not in WORDS) for column in table.columns],
        [[cell(*pair) for pair in zip(row, units, strict=True)] for row in table.rows.iter_rows()],
        table.is_detail,
    )


def overview(symbols: Sequence[SymbolStudy]) -> ShownTable:
    """A row per symbol: the first of the conclusions that most symbols can answer.

    Its p-values are corrected over the symbols, those of a symbol's own sentences are not.
    """
    from regime_platform.studies.inference.correction import corrected  # noqa: PLC0415 - an extra

    headline = _headline(symbols)
    asked = [_conclusion(each, headline) for each in symbols]
    known = [each for each in asked if each is not None]
    answers = iter(corrected([replace(each, p_adjusted=None) for each in known]))
    rows = [
        _row(study, None if each is None else next(answers))
        for study, each in zip(symbols, asked, strict=True)
    ]
    words = ("symbol", "first bar", "last bar", "answer")
    titles = ("symbol", "answer", "effect", "interval", "p", "adjusted", "placebos", "windows")
    return ShownTable(
        "By symbol" if headline is None else f"By symbol: whether {open_claim(headline)}",
        _ADJUSTED,
        [(name, name not in words) for name in (*titles, "bars", "first bar", "last bar")],
        [[*row] for row in rows],
    )


def _conclusion(study: SymbolStudy, headline: Conclusion | None) -> Conclusion | None:
    key = "" if headline is None else headline.key
    return next((each for each in study.conclusions if each.key == key), None)


def _headline(symbols: Sequence[SymbolStudy]) -> Conclusion | None:
    every = [each for study in symbols for each in study.conclusions]
    answered = Counter(each.key for each in every if not each.is_too_few)
    return max(every, key=lambda each: answered[each.key], default=None)  # of equals the first


def _row(study: SymbolStudy, each: Conclusion | None) -> Iterator[str]:
    yield study.symbol
    if each is None:
        yield from (NONE,) * 7
    else:
        effect, low, high, placebo = (
            cell(value, each.unit)
            for value in (each.effect, each.low, each.high, each.placebo_mean)
        )
        yield from (verdict(each), effect, NONE if low == high == NONE else f"{low} to {high}")
        yield from (cell(p, Unit.P_VALUE) for p in (each.p_value, each.p_adjusted))
        yield from (placebo, f"{each.windows:,}")
    yield from (f"{study.bars:,}", f"{study.first:%Y-%m-%d}", f"{study.last:%Y-%m-%d}")
