"""The board as a notebook shows it: in colours, to be sorted and filtered."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from markupsafe import Markup

from regime_platform.api.arguments import path_of
from regime_platform.errors import UsageError
from regime_platform.files import write_text
from regime_platform.report.board_page import board_page
from regime_platform.report.html import render


@dataclass(frozen=True, repr=False)
class BoardPage:
    """Rows of a board as a page of their own."""

    html: str
    rows: int

    def save(self, path: Path | str) -> Path:
        """Writes the page, which needs no network and no other file."""
        target = path_of(path, "path")
        write_text(target, self.html)
        return target

    def __repr__(self) -> str:
        """One line."""
        return f"board of {self.rows:,} row{'s' * (self.rows != 1)}"

    def _repr_html_(self) -> str:
        # in a frame of its own, so that its styles and script do not reach the notebook
        return render("framed_page.html", page=Markup.escape(self.html), title=repr(self))


def paged_board(rows: pl.DataFrame, now: dt.datetime) -> BoardPage:
    """The page of rows of ``Store.board``; UsageError where columns were left out."""
    try:
        return BoardPage(board_page(rows, now), rows.height)
    except (KeyError, pl.exceptions.ColumnNotFoundError) as error:
        raise UsageError(
            f"of these rows a column is left out ({str(error).strip(chr(39))}); give "
            "rows of rp.board with all their columns, filtered or sorted",
            code="board-columns",
        ) from error
