"""The board as one self-contained page, whose table is sorted and filtered in the browser."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from regime_platform.model.calendar.lateness import missing_text
from regime_platform.model.instants import iso
from regime_platform.model.timeframes import is_intraday
from regime_platform.report.assets import inlined
from regime_platform.report.html import render
from regime_platform.report.palette import SHORT_TIMEFRAMES

#: The script that sorts and filters, an asset.
SCRIPT = "table.js"


@dataclass(frozen=True)
class BoardView:
    """What the template ``board_table.html`` shows: a row each, and what the filters offer."""

    rows: Sequence[Mapping[str, Any]]
    strip: Mapping[str, str]  # timeframes of which any row has a regime -> as the heading has them
    classes: Sequence[str]
    regimes: Sequence[str]
    buckets: Sequence[str]
    has_several_timeframes: bool  # then each row names its own


def board_page(rows: pl.DataFrame, now: dt.datetime) -> str:
    """The page of a frame of ``query.board``, by symbol or by series; ages are those at ``now``."""
    return render(
        "board_page.html",
        board=board_view(rows),
        at=iso(now.replace(microsecond=0)),
        script=inlined(SCRIPT),
    )


def board_view(rows: pl.DataFrame, pages: Mapping[str, str] | None = None) -> BoardView:
    """The rows for ``board_table.html``; ``pages`` are the addresses of symbols that have one."""
    known = pages or {}
    strip = {
        name: short
        for name, short in SHORT_TIMEFRAMES.items()
        if f"regime_{name}" in rows.columns and rows[f"regime_{name}"].is_not_null().any()
    }
    classes, regimes, buckets = (
        [str(value) for value in rows[name].drop_nulls().unique().sort()]
        for name in ("asset_class", "regime_label", "escalation_bucket")
    )
    return BoardView(
        strip=strip,
        rows=[_row(row, known.get(row["symbol"], "")) for row in rows.iter_rows(named=True)],
        classes=classes,
        regimes=regimes,
        buckets=buckets,
        has_several_timeframes=rows["timeframe"].n_unique() > 1,
    )


def _row(row: Mapping[str, Any], page: str) -> dict[str, Any]:
    """The values of a row, with what the template would have to decide."""
    timeframe = row["timeframe"]
    form = "%Y-%m-%d %H:%M" if is_intraday(timeframe) else "%Y-%m-%d"
    times = {
        name: "" if row[name] is None else row[name].strftime(form)
        for name in ("regime_since", "bucket_since", "changed_at", "last_ts")
    }
    late = row.get("late") or (timeframe if row["is_stale"] else "")
    missing = missing_text(row) if row["is_stale"] else ""
    return {**row, **times, "late": late, "missing": missing, "page": page, "note": _note(row)}


def _note(row: Mapping[str, Any]) -> str:
    """Why the row is not current or not whole; empty where it is."""
    parts = (
        row["held_back"],
        "results pending" if row["is_pending"] else None,
        f"mean without {row['left_out']}" if row.get("left_out") else None,
        f"delisted since {row['delisted']}" if row["delisted"] else None,
        row["reason"] if row["regime_label"] is None else None,
    )
    return "; ".join(filter(None, parts))
