"""The rows of `regime status` about symbols, from the board: no file of a symbol is opened."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from regime_platform.compute_db.board import read_board
from regime_platform.operations.staleness import stale_series
from regime_platform.orchestration.status.check import (
    Check,
    SymbolItem,
    command,
    counted,
    named,
)
from regime_platform.pipeline.board import is_outdated, shown_rows
from regime_platform.pipeline.compute import installed_making, stale_results
from regime_platform.pipeline.identity import other_instrument
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace

#: What is not known where the board is damaged.
ROWS = (
    *("blocked", "failed", "no bars", "late bars", "results pending", "other code"),
    *("warnings", "board"),
)


@dataclass(frozen=True)
class RuleItem:
    """The warnings of a rule, of all symbols together."""

    rule: str
    findings: int
    symbols: int

    @property
    def name(self) -> str:
        """The rule and its findings."""
        return f"{self.rule} {self.findings:,}"

    @property
    def reason(self) -> str:
        """In how many symbols."""
        return f"in {self.symbols:,} symbol{'s' * (self.symbols != 1)}"


def symbol_checks(workspace: RunWorkspace, now: dt.datetime) -> Sequence[Check]:
    """What the last runs left: blocked, failed, late and pending symbols, warnings, the board.

    Raises:
        ResultsError: the board is damaged.
    """
    tracked = workspace.universe.symbols
    board = read_board(workspace.root).filter(pl.col("symbol").is_in(list(tracked)))
    return [
        *_last_runs(workspace, board),
        _late(workspace, now),
        _pending(board),
        _other_code(workspace, board),
        _warnings(board),
        _board(workspace, board),
    ]


def instrument_check(workspace: RunWorkspace) -> Check:
    """Symbols whose stored bars are of another instrument than the universe names."""
    other = [
        SymbolItem(entry.symbol)
        for entry in workspace.universe.instruments
        if other_instrument(workspace.root.symbol(entry.symbol), entry)
    ]
    remedy = "`regime universe check` shows both instruments and what to do"
    more = "regime universe check"
    return counted("other instrument", "error", other, remedy=remedy, more=more)


def exact_other_code(workspace: RunWorkspace) -> Check:
    """Results that a forced run would change, eras included; opens every manifest."""
    items = [
        SymbolItem(symbol, reason=f"other {', '.join(parts)}")
        for symbol, parts in stale_results(workspace)
    ]
    remedy = f"`regime compute --force {' '.join(item.symbol for item in items)}`"
    more = "regime status --stale-code"
    return counted("other code", "note", items, remedy=remedy, more=more)


def _last_runs(workspace: RunWorkspace, board: pl.DataFrame) -> Iterator[Check]:
    rows = board.select("symbol", "held_back").unique(maintain_order=True).drop_nulls()
    by_status: dict[str, list[SymbolItem]] = {status: [] for status in _ENDS}
    for symbol, text in rows.iter_rows():
        status, _, reason = text.partition(": ")
        if status not in _ENDS:
            status, reason = Status.FAILED, text
        by_status[status].append(SymbolItem(symbol, reason=reason.removeprefix(f"{symbol} ")))
    for status, (more, remedy) in _ENDS.items():
        items = by_status[status]
        if status == Status.NO_BARS and not items:
            yield _untouched(workspace, board)
            continue
        shown = command(more, [item.symbol for item in items])
        symbols = " ".join(item.symbol for item in items[:10])
        name = status.replace("_", " ")
        yield counted(name, "error", items, remedy=remedy.format(symbols), more=shown)


def _untouched(workspace: RunWorkspace, board: pl.DataFrame) -> Check:
    """Symbols of which nothing was ever processed: no failure, but no results either."""
    shown = shown_rows(board)
    items = [
        SymbolItem(entry.symbol, reason="not processed yet")
        for entry in workspace.universe.instruments
        if entry.symbol not in shown and not is_outdated(workspace.root, entry, None)
    ]
    more = command("regime run", [item.symbol for item in items])
    return counted("no bars", "note", items, more=more)


#: Status at the end of a run -> the command that shows more, and the remedy.
_ENDS = {
    Status.BLOCKED.value: (
        "regime validate",
        "correct the source or override the bars, then `regime run {}`",
    ),
    Status.FAILED.value: ("regime run", "remove the cause, then `regime run {}`"),
    Status.NO_BARS.value: ("regime board", "correct its entry or its source, then `regime run {}`"),
}


def _late(workspace: RunWorkspace, now: dt.datetime) -> Check:
    items = [
        SymbolItem(series.symbol, series.timeframe, str(series.age))
        for series in stale_series(workspace, now)
        if not series.reason.startswith(Status.NO_BARS)  # counted with those without bars
    ]
    more = command("regime state", [item.symbol for item in items])
    remedy = "see docs/operations.md, Series lack bars"
    return counted("late bars", "error", items, remedy=remedy, more=more)


def _pending(board: pl.DataFrame) -> Check:
    """Promoted bars that the results do not have yet: no damage, and the next run computes them."""
    items = _items(board.filter("is_pending"))
    more = command("regime compute", [item.symbol for item in items])
    return counted("results pending", "note", items, more=more)


def _other_code(workspace: RunWorkspace, board: pl.DataFrame) -> Check:
    is_other = pl.col("made_by") != installed_making(workspace)
    has_state = pl.col("regime_label").is_not_null()  # an earlier release did not record its code
    other = board.filter(is_other.fill_null(has_state))
    items = [SymbolItem(symbol) for symbol in other["symbol"].unique(maintain_order=True)]
    return counted("other code", "note", items, more="regime status --stale-code")


def _warnings(board: pl.DataFrame) -> Check:
    findings: Counter[str] = Counter()
    symbols: dict[str, set[str]] = {}
    rows = board.select("symbol", "warning_rules").drop_nulls()
    for symbol, text in rows.iter_rows():
        for part in text.split(", "):
            rule, number = part.split(" ")
            findings[rule] += int(number)
            symbols.setdefault(rule, set()).add(symbol)
    items = [RuleItem(rule, count, len(symbols[rule])) for rule, count in findings.most_common()]
    affected = list(dict.fromkeys(rows["symbol"]))
    check = counted("warnings", "note", items, more=command("regime validate", affected))
    if not items:
        return check
    text = f"{findings.total():,}: {', '.join(item.name for item in items[:3])}"
    more = f" and {len(items) - 3} more rules" if len(items) > 3 else ""
    return replace(check, detail=text + more, facts={"symbols": len(affected)})


def _board(workspace: RunWorkspace, board: pl.DataFrame) -> Check:
    shown = shown_rows(board)
    damaged = {symbol for symbol, entry in shown.items() if entry.is_damaged}  # shown as failed
    outdated = [
        SymbolItem(instrument.symbol)
        for instrument in workspace.universe.instruments
        if instrument.symbol not in damaged
        and is_outdated(workspace.root, instrument, shown.get(instrument.symbol))
    ]
    symbols = len(shown)
    if not outdated:
        text = f"{symbols:,} of {len(workspace.universe.symbols):,} symbols"
        return Check("board", "ok", text, more="regime board", facts={"symbols": symbols})
    # not an error while a run is active: it updates the board at its end
    text = f"out of date until the next run ends: {named([item.name for item in outdated])}"
    more = command("regime promote", [item.symbol for item in outdated])
    return Check("board", "note", text, more=more, items=outdated, facts={"symbols": symbols})


def _items(rows: pl.DataFrame) -> list[SymbolItem]:
    return [
        SymbolItem(symbol, timeframe)
        for symbol, timeframe in rows.select("symbol", "timeframe").iter_rows()
    ]
