"""The board as a table, by symbol or by series, its marks, and what is not current."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from rich.text import Text

from regime_platform.cli.console.numbers import NONE, number
from regime_platform.cli.console.output import LongOutput
from regime_platform.cli.console.screen import Cell, plural, results
from regime_platform.manifests.standing import RESULTS_PENDING
from regime_platform.model.calendar.lateness import missing_text
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.report.palette import (
    BUCKET_COLOURS,
    REGIME_COLOURS,
    REGIME_SIGNS,
    SHORT_TIMEFRAMES,
    ink_on,
    readable,
)

_MOST_ROWS = 60
_MOST_NAMED = 10
_FINDINGS = "e/w"  # the table is to fit into 80 columns
_MARK = "*"  # of an immature rank
_BUILT = "+"  # of a timeframe whose bars are built from finer ones
_LATE = "!"  # of a series that lacks bars, or a symbol that has one
_SHORT = "too short"  # of a series with too few bars for an escalation
#: Columns of the board -> the least width of a terminal that shows them; the others always are.
_WIDE = {
    "price": 76,
    "change": 76,
    "bars": 90,
    "mean": 96,
    **dict.fromkeys(("last bar", "from", _FINDINGS), 120),
}
_NUMBERS = ("price", "change", "bars", "mean", _FINDINGS)
_SERIES = ("symbol", "tf", "bars", "range", _FINDINGS, "regime", "since", "escalation")

_PENDING = f"{{symbol}}: {RESULTS_PENDING}; `regime compute {{symbol}}` computes them"
_LEFT_OUT = "{symbol}: the mean escalation leaves out {left_out}"


def print_board(rows: pl.DataFrame, out: LongOutput) -> None:
    """The rows of ``query.board.board``; more columns on a wider terminal."""
    shown, width = _first(rows, out), results().width
    strip = [name for name in TIMEFRAMES if shown[f"regime_{name}"].is_not_null().any()]
    is_mixed = shown["timeframe"].n_unique() > 1
    cells = [_symbol_row(row, strip) for row in shown.iter_rows(named=True)]
    unused = {"tf": not is_mixed, "": not strip}
    titles = [
        title for title in cells[0] if width >= _WIDE.get(title, 0) and not unused.get(title, False)
    ]
    rows_shown = ([row[title] for title in titles] for row in cells)
    out.table(titles, rows_shown, numbers=_NUMBERS, folding=("regime",))
    if not is_mixed:
        out.line(f"regime, change and escalation of {shown['timeframe'][0]}")
    if signs := _signs(shown, strip):
        out.paragraph(signs)
    if _FINDINGS in titles:
        _print_findings_mark(shown, out)
    for line in _legend(shown):
        out.line(line)
    if shown["late"].is_not_null().any():
        out.line(f"{_LATE} bars are missing; `regime state SYMBOL` names them")
    if hidden := [title for title in _WIDE if title not in titles]:
        out.paragraph(f"a wider terminal shows {', '.join(hidden)}, --csv and --json everything")
    _print_notes(rows, shown, out)


def print_series_board(rows: pl.DataFrame, out: LongOutput) -> None:
    """The rows of ``query.board.series_board``; those without a state show the reason."""
    shown = _first(rows, out)
    cells = map(_series_row, shown.iter_rows(named=True))
    out.table(_SERIES, cells, numbers=("bars", _FINDINGS), folding=("regime",))
    _print_findings_mark(shown, out)
    for line in _legend(shown):
        out.line(line)
    if not (built := shown["derived_from"].drop_nulls().unique().sort()).is_empty():
        out.line(f"{_BUILT} built from {', '.join(built)} bars")
    if shown["is_stale"].any():
        out.line(f"{_LATE} bars are missing after it; `regime status --all-rows` counts them")
    names = pl.col("timeframe").cast(pl.String)
    left_out = names.filter("is_left_out").str.join(", ").over("symbol")
    counted = pl.col("is_left_out").any().over("symbol")
    _print_notes(rows.with_columns(left_out=pl.when(counted).then(left_out)), shown, out)


def _first(rows: pl.DataFrame, out: LongOutput) -> pl.DataFrame:
    return rows if out.all_rows else rows.head(_MOST_ROWS)


def _symbol_row(row: Mapping[str, Any], strip: Sequence[str]) -> dict[str, Cell]:
    """Title -> cell, in the order shown."""
    change = row["change"]
    regime, since, escalation = _state(row)
    mean, before = row["cross_tf_consensus"], row["regime_before"]
    return {
        "symbol": f"{row['symbol']}{_LATE if row['late'] else ''}",
        "tf": row["timeframe"],
        "price": number(row["price"]),
        "change": NONE if change is None else f"{change:+.2%}",
        " ".join(SHORT_TIMEFRAMES[name] for name in strip): _strip(row, strip),
        "regime": regime,
        "since": since,
        "bars": NONE if row["regime_bars"] is None else f"{row['regime_bars']:,}",
        "from": NONE if before is None else Text(REGIME_SIGNS[before], _on(before)),
        "escalation": escalation,
        "mean": NONE if mean is None else f"{mean:.3f}",
        "last bar": _last_bar(row),
        _FINDINGS: _findings(row),
    }


def _strip(row: Mapping[str, Any], strip: Sequence[str]) -> Text:
    """A coloured sign below the name of each timeframe."""
    cells = Text()
    for timeframe in strip:
        regime, width = row[f"regime_{timeframe}"], len(SHORT_TIMEFRAMES[timeframe])
        if regime is None:
            cells.append(NONE.ljust(width + 1))
        else:
            cells.append(f" {REGIME_SIGNS[regime]}", _on(regime)).append(" " * (width - 1))
    cells.rstrip()
    return cells


def _on(regime: str) -> str:
    colour = REGIME_COLOURS[regime]
    return f"{ink_on(colour)} on {colour}"


def _last_bar(row: Mapping[str, Any]) -> str:
    """Its date, and how many bars are missing after it."""
    if row["last_ts"] is None:
        return NONE
    late = f" {_LATE}{missing_text(row)}" if row["is_stale"] else ""
    return f"{row['last_ts']:%Y-%m-%d}{late}"


def _signs(shown: pl.DataFrame, strip: Sequence[str]) -> str:
    """What the signs in these rows mean."""
    columns = [*(f"regime_{name}" for name in strip), "regime_before"]
    seen = {regime for name in columns for regime in shown[name].drop_nulls()}
    return ", ".join(
        f"{sign} {readable(name)}" for name, sign in REGIME_SIGNS.items() if name in seen
    )


def _print_findings_mark(shown: pl.DataFrame, out: LongOutput) -> None:
    if shown["errors", "warnings"].sum().sum_horizontal().item():
        out.line(f"{_FINDINGS}: errors/warnings; `regime validate SYMBOL` lists them")


def _legend(shown: pl.DataFrame) -> Iterator[str]:
    """What the marks of escalations mean."""
    if shown.filter(pl.col("status").is_in(["state_only", "too_short"])).height:
        yield f"{_SHORT}: too few bars; `regime state SYMBOL` counts them"
    if shown["is_rank_immature"].any():
        yield f"{_MARK} immature: too few bars; `regime state SYMBOL` counts them"


def _print_notes(rows: pl.DataFrame, shown: pl.DataFrame, out: LongOutput) -> None:
    """Which symbols are not current and why, and how many rows are not shown."""
    for line in _named(rows, "held_back", "blocked", "{symbol} {held_back}"):
        out.note(line, "yellow")
    pending = rows.filter(pl.col("is_pending").fill_null(value=False))
    for line in _named(pending, "symbol", "with results pending", _PENDING):
        out.note(line, "yellow")
    for line in _named(rows, "left_out", "without all timeframes", _LEFT_OUT):
        out.note(line, "yellow")
    for line in _named(rows, "delisted", "delisted", "{symbol} delisted since {delisted}"):
        out.note(line)
    left = rows.height - shown.height
    if left:
        out.note(
            f"and {left:,} more rows; --all-rows shows them; name symbols or a --tier to see fewer"
        )


def _named(rows: pl.DataFrame, column: str, how: str, text: str) -> Iterator[str]:
    """A line per symbol that has a value in ``column``, and is therefore not up to date."""
    old = rows.drop_nulls(column).unique("symbol", maintain_order=True)
    for row in old.head(_MOST_NAMED).iter_rows(named=True):
        yield text.format_map(row)
    more = old.height - _MOST_NAMED
    if more > 0:
        yield f"and {plural(more, 'more symbol')} {how}"


def _series_row(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    timeframe = f"{row['timeframe']}{_BUILT if row['derived_from'] else ''}"
    series = (row["symbol"], timeframe, f"{row['bars']:,}", _span(row))
    return *series, _findings(row), *_state(row)


def _findings(row: Mapping[str, Any]) -> Text:
    errors, warnings = row["errors"] or 0, row["warnings"] or 0
    findings = f"{errors}/{warnings}" if errors or warnings else NONE
    return Text(findings, style="bold red" if errors else "")


def _state(row: Mapping[str, Any]) -> tuple[Cell, Cell, Cell]:
    """Regime, since when, and escalation."""
    if row["regime_label"] is None:
        return Text(readable(row["status"]), style="dim"), NONE, NONE
    state = (readable(row["regime_label"]), f"{row['regime_since']:%Y-%m-%d}")
    if row["esc_pctl"] is None:
        return *state, Text(_SHORT, style="dim")
    bucket = row["escalation_bucket"]
    mark = _MARK if row["is_rank_immature"] else ""
    escalation = Text(f"{row['esc_pctl']:.3f} {bucket}{mark}", style=BUCKET_COLOURS[bucket])
    return *state, escalation


def _span(row: Mapping[str, Any]) -> str:
    first, last = row["first_ts"], row["last_ts"]
    if first is None:
        return NONE
    late = _LATE if row["is_stale"] else ""
    if first.year == last.year:
        return f"{first:%Y-%m}..{last:%m}{late}"
    return f"{first:%Y}..{last:%Y}{late}"
