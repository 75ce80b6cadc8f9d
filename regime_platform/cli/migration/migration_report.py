"""Output of `regime migrate`: a table with problems first, totals, JSON, and a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regime_platform.cli.console.exits import code_of
from regime_platform.cli.console.screen import (
    Cell,
    count,
    messages,
    plural,
    print_json,
    print_table,
    results,
    styled,
)
from regime_platform.legacy.migration.migration import MigrateOutcome, Migration
from regime_platform.legacy.migration.record import Account, Totals, totals

_MOST_ROWS = 40
_ORDER = ("failed", "blocked", "done", "unchanged")
_NUMBERS = ("rows", "equal", "changed", "collapsed", "older", "unfinished", "waiting", "kept out")
_COLUMNS = ("symbol", "timeframe", "status", *_NUMBERS, "adds up")


@dataclass(frozen=True)
class MigrationReport:
    """Outcomes of a migration."""

    migration: Migration
    outcomes: Sequence[MigrateOutcome]

    @property
    def code(self) -> int:
        """Exit code: 0 where every row of every symbol is canonical or superseded; else 1 or 3."""
        return code_of(self.outcomes)

    @property
    def accounts(self) -> list[Account]:
        """Accounts of all symbols."""
        return [account for outcome in self.outcomes for account in outcome.accounts]

    def document(self) -> dict[str, Any]:
        """Values for JSON output and pages."""
        return {
            "exit_code": self.code,
            "migration": self.migration.name,
            "from": str(self.migration.location),
            "total": totals(self.accounts).document(),
            "symbols": [outcome.document() for outcome in self.outcomes],
        }

    def print_json(self) -> None:
        """Print one JSON document on stdout."""
        print_json(self.document())

    def write_page(self, target: Path) -> None:
        """Write one self-contained HTML file."""
        from regime_platform.files import write_text
        from regime_platform.report.migration_page import migration_page

        write_text(target, migration_page(self.document()))
        messages().print(f"page in {target}", soft_wrap=True)

    def print(self, *, all_rows: bool) -> None:
        """Print a row per series, problems first, then reasons, then totals."""
        ordered = sorted(self.outcomes, key=lambda outcome: _ORDER.index(outcome.status.value))
        rows = [(outcome, account) for outcome in ordered for account in outcome.accounts]
        shown = rows if all_rows else rows[:_MOST_ROWS]
        cells = [_cells(outcome, account) for outcome, account in shown]
        print_table(_COLUMNS, cells, numbers=_NUMBERS)
        for outcome in ordered:
            for line in _details(outcome):
                results().print(f"{outcome.symbol} {line}", soft_wrap=True)
        if len(rows) > len(shown):
            messages().print(f"and {len(rows) - len(shown):,} more; --all-rows shows every series")
        for line in _total_lines(totals(self.accounts)):
            results().print(line, soft_wrap=True)
        messages().print(f"migration {self.migration.name}")


def _cells(outcome: MigrateOutcome, account: Account) -> tuple[Cell, ...]:
    kept_out = sum(account.rejected.values()) + sum(account.left_out.values())
    numbers = (
        account.rows,
        account.equal,
        sum(account.changed.values()),
        account.collapsed,
        sum(account.superseded.values()),
        account.unfinished,
        account.waiting,
        kept_out,
    )
    sums = styled("ok" if account.adds_up else "wrong")
    sums.plain = "yes" if account.adds_up else "NO"
    return outcome.symbol, account.timeframe, styled(outcome.status), *map(count, numbers), sums


def _details(outcome: MigrateOutcome) -> Iterator[str]:
    if outcome.reason:
        yield outcome.reason
    for account in outcome.accounts:
        for reasons in (account.superseded, account.rejected, account.left_out):
            if reasons:
                yield f"{account.timeframe} {_words(reasons)} ({account.location})"
        if account.by_order:
            times = f"{account.by_order:,} ambiguous times resolved by their order"
            yield f"{account.timeframe} {times}"
        for example in account.examples:
            yield f"{account.timeframe}   {example}"


def _total_lines(total: Totals) -> Iterator[str]:
    yield f"{plural(total.rows, 'row')} in {total.series:,} series"
    plain = ("equal", "collapsed", "unfinished", "waiting", "lost")
    yield "  " + ", ".join(f"{name} {getattr(total, name):,}" for name in plain)
    for reasons, title in (
        (total.changed, "changed as declared"),
        (total.superseded, "kept as older version"),
        (total.rejected, "rejected by rule"),
        (total.left_out, "left out"),
    ):
        if reasons:
            yield f"  {title}: {_words(reasons)}"
    yield "  every row accounted for" if total.adds_up else "  THE TOTALS DO NOT ADD UP"


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {rows:,}" for name, rows in counts.items())
