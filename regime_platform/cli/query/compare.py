"""`regime compare`: symbols side by side, how far their regimes agree, and whether one leads."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.text import Text

from regime_platform.cli.console.frames import frame_document
from regime_platform.cli.console.numbers import NONE
from regime_platform.cli.console.options import Timeframe
from regime_platform.cli.console.output import Output, code_of_counts
from regime_platform.cli.console.screen import Cell, messages
from regime_platform.cli.console.symbol_options import SymbolOptions
from regime_platform.compute.agreement import FARTHEST_SHIFT, MOST_SHIFT
from regime_platform.errors import about
from regime_platform.model.instants import iso
from regime_platform.model.moments import optional_moment
from regime_platform.model.timeframes import is_intraday
from regime_platform.query.comparison import Comparison
from regime_platform.query.comparison import compare as compared
from regime_platform.report.palette import BUCKET_COLOURS, readable

_LATEST = ("symbol", "regime", "since", "bars", "escalation", "common bar", "last bar")
_PAIRS = ("pair", "bars", "regime", "chance", "bucket", "chance ", "last agreed", "last parted")
_MOST_PAIRS = 40
_MARK = "*"  # of an immature rank


def compare(
    choice: SymbolOptions,
    timeframe: Timeframe = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="Compare only bars from this ISO time on (UTC)."),
    ] = None,
    *,
    out: Output,
) -> int:
    first = optional_moment(since, "--since")
    comparison = compared(choice.names(), timeframe or "1day", since=first)
    facts, problems = comparison.document(), comparison.problems
    for symbol, reason in problems.items():
        messages().print(about(symbol, reason), style="bold red", soft_wrap=True)
    code = code_of_counts(comparison.latest.height, comparison.latest.height + len(problems))
    times = ("first_common_ts", "last_common_ts")
    out.document(
        {
            "exit_code": code,
            **facts,
            **{name: facts[name] and iso(facts[name]) for name in times},
            "latest": frame_document(comparison.latest),
            "pairs": frame_document(comparison.pairs),
        }
    )
    _print(comparison, out)
    return code


def _print(comparison: Comparison, out: Output) -> None:
    form = "%Y-%m-%d %H:%M" if is_intraday(comparison.timeframe) else "%Y-%m-%d"
    latest = (_latest_row(row, form) for row in comparison.latest.iter_rows(named=True))
    out.table(_LATEST, latest, numbers=("bars",), folding=("regime", "common bar"))
    out.line("common bar: the regime on the last bar that all have in common")
    if comparison.latest["is_rank_immature"].any():
        out.line(f"{_MARK} immature: ranked on too few bars; `regime state SYMBOL` counts them")
    shown = comparison.pairs.head(_MOST_PAIRS)
    rows = [_pair_row(row, form) for row in shown.iter_rows(named=True)]
    out.table(_PAIRS, rows, numbers=_PAIRS[1:6])
    out.line("regime, bucket: share of common bars with the same one; chance: if unrelated")
    out.paragraph(
        f"a lead is named where no shift of {MOST_SHIFT + 1} to {FARTHEST_SHIFT} bars matches as "
        "well; of 25 unrelated pairs one has such a lead by chance"
    )
    for row in shown.iter_rows(named=True):
        for line in _lead_lines(row):
            out.paragraph(line)
    if (left := comparison.pairs.height - shown.height) > 0:
        out.note(f"and {left:,} more pairs; name fewer symbols, or --json has all")


def _latest_row(row: Mapping[str, Any], form: str) -> tuple[Cell, ...]:
    bucket, rank = row["escalation_bucket"], row["esc_pctl"]
    shown = f"{bucket}{_MARK if row['is_rank_immature'] else ''}"
    common = row["regime_on_common_bar"]
    return (
        row["symbol"],
        readable(row["regime_label"]),
        f"{row['regime_since']:{form}}",
        f"{row['regime_bars']:,}",
        NONE if rank is None else Text(f"{rank:.3f} {shown}", BUCKET_COLOURS[bucket]),
        NONE if common is None else readable(common),
        f"{row['last_ts']:{form}}",
    )


def _pair_row(row: Mapping[str, Any], form: str) -> tuple[str, ...]:
    shares = ("regime_agreement", "regime_by_chance", "bucket_agreement", "bucket_by_chance")
    return (
        f"{row['a']} {row['b']}",
        f"{row['bars']:,}",
        *(NONE if row[name] is None else f"{row[name]:.0%}" for name in shares),
        *(
            NONE if row[name] is None else f"{row[name]:{form}}"
            for name in ("last_agreed", "last_parted")
        ),
    )


def _lead_lines(row: Mapping[str, Any]) -> Iterator[str]:
    """Which of two symbols changes first, in words."""
    a, b = row["a"], row["b"]
    if not row["bars"]:
        yield f"{a} and {b} have no common bar"
        return
    for what in ("regime", "bucket"):
        shift, matches = row[f"{what}_shift"], row[f"{what}_matches"]
        changes = f"{row[f'{what}_changes_a']:,} and {row[f'{what}_changes_b']:,} changes"
        chance = f"{row[f'{what}_matches_by_chance']:.1f} by chance"
        counts = f"{matches:,} of {changes} match, {chance}"
        if row[f"{what}_is_small_sample"]:
            few = f"too few changes ({changes}) or bars for a lead"
            yield f"{a} {b}, {what}: {few}"
        elif not row[f"{what}_is_clear"]:
            yield f"{a} {b}, {what}: no clear lead within {MOST_SHIFT} bars; at best {counts}"
        elif shift == 0:
            yield f"{a} {b}, {what}: they change on the same bar: {counts}"
        else:
            first, second = (a, b) if shift > 0 else (b, a)
            bars = "1 bar" if abs(shift) == 1 else f"{abs(shift)} bars"
            yield f"{a} {b}, {what}: {first} leads {second} by {bars}: {counts}"
