"""Studies as a notebook shows them, as frames and as files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from regime_platform.files import write_text
from regime_platform.report.html import render
from regime_platform.report.study.page import subject
from regime_platform.report.study.stored_page import stored_page
from regime_platform.studies.result import Conclusion, StudyReport, StudyTable
from regime_platform.workspace import Where

_CONCLUSION_SCHEMA = {
    "symbol": pl.String(),  # null: across symbols
    "key": pl.String(),
    "statement": pl.String(),
    "effect": pl.Float64(),
    "unit": pl.String(),
    **dict.fromkeys(
        ("low", "high", "p_value", "p_adjusted", "placebo_mean", "placebo_share"), pl.Float64()
    ),
    "independent_windows": pl.Int64(),
    "is_significant": pl.Boolean(),
    "is_too_few": pl.Boolean(),
}


@dataclass(frozen=True, repr=False)
class StudyAnswer:
    """What followed the signal, and what chance would show.

    ``.tables`` are the tables by key, ``.conclusions`` a row per effect, ``.left_out`` the symbols
    without an answer. A notebook shows the page.
    """

    report: StudyReport
    where: Where = None  # the bars of pictures

    @cached_property
    def tables(self) -> Mapping[str, pl.DataFrame]:
        """The tables by key: of one symbol its own, of several those across them."""
        symbols = self.report.symbols
        return _frames(symbols[0].tables if len(symbols) == 1 else self.report.tables)

    @cached_property
    def by_symbol(self) -> Mapping[str, pl.DataFrame]:
        """The tables of every symbol by key, one below the other, with ``symbol`` in front."""
        parts: dict[str, list[pl.DataFrame]] = {}
        for study in self.report.symbols:
            for key, frame in _frames(study.tables).items():
                named = frame.select(pl.lit(study.symbol).alias("symbol"), pl.all())
                parts.setdefault(key, []).append(named)
        return {key: pl.concat(frames, how="diagonal_relaxed") for key, frames in parts.items()}

    @cached_property
    def conclusions(self) -> pl.DataFrame:
        """A row per effect: those across symbols first, whose ``symbol`` is null."""
        rows = [*_rows(None, self.report.conclusions)]
        for study in self.report.symbols:
            rows += _rows(study.symbol, study.conclusions)
        return pl.DataFrame(rows, schema=_CONCLUSION_SCHEMA, orient="row")

    @cached_property
    def left_out(self) -> pl.DataFrame:
        """The symbols without an answer: symbol, reason, code, is_damaged."""
        rows = [each.document() for each in self.report.left_out]
        texts = dict.fromkeys(("symbol", "reason", "code"), pl.String())
        schema = {**texts, "is_damaged": pl.Boolean()}
        return pl.DataFrame(rows, schema=schema)

    def document(self) -> dict[str, Any]:
        """The document of ``regime study --json``."""
        return self.report.document()

    def save(self, path: Path | str) -> Path:
        """Writes the page, which needs no network and no other file."""
        target = Path(path)
        write_text(target, self._page())
        return target

    def __repr__(self) -> str:
        """One line."""
        return f"study {self.report.study} of {subject(self.report)}"

    def _repr_html_(self) -> str:
        # in a frame of its own, so that its styles do not reach the notebook
        return render("framed_page.html", page=Markup.escape(self._page()), title=repr(self))

    def _page(self) -> str:
        return stored_page(self.report, self.where)


def _frames(tables: Iterable[StudyTable]) -> dict[str, pl.DataFrame]:
    return {table.key: table.rows for table in tables}


def _rows(symbol: str | None, conclusions: Iterable[Conclusion]) -> Iterator[dict[str, Any]]:
    for each in conclusions:
        document = {"symbol": symbol, **each.document()}
        yield {name: document[name] for name in _CONCLUSION_SCHEMA}
