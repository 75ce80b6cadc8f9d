"""What `regime migrate` tells: a table with the problems first, the totals, JSON, a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from regime_platform.cli.exits import code_of
from regime_platform.legacy.migration.migration import Account, MigrateOutcome, Migration, total

_MOST_ROWS = 40
_ORDER = ("failed", "blocked", "done", "unchanged")
_NUMBERS = ("rows", "equal", "changed", "collapsed", "older", "unfinished", "waiting", "kept out")
_COLUMNS = ("symbol", "timeframe", "status", *_NUMBERS, "adds up")


@dataclass(frozen=True)
class MigrationReport:
    """How a migration went."""

    migration: Migration
    outcomes: Sequence[MigrateOutcome]

    @property
    def code(self) -> int:
        """0 where every row of every symbol is canonical or told to be superseded; else 1 or 3."""
        return code_of(self.outcomes)

    @property
    def accounts(self) -> list[Account]:
        """Those of all symbols."""
        return [account for outcome in self.outcomes for account in outcome.accounts]

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON and pages."""
        return {
            "exit_code": self.code,
            "migration": self.migration.name,
            "from": str(self.migration.place),
            "total": total(self.accounts),
            "symbols": [outcome.facts() for outcome in self.outcomes],
        }

    def print_json(self) -> None:
        """One JSON document on stdout."""
        print_json(self.facts())

    def write_page(self, target: Path) -> None:
        """One HTML file that needs nothing else."""
        from regime_platform.files import write_text
        from regime_platform.report.migration_page import migration_page

        write_text(target, migration_page(self.facts()))
        messages().print(f"page in {target}", markup=False, soft_wrap=True)

    def print(self, *, all_rows: bool) -> None:
        """A row per series, those that need somebody first, then why, then the totals."""
        ordered = sorted(self.outcomes, key=lambda outcome: _ORDER.index(outcome.status.value))
        rows = [(one, account) for one in ordered for account in one.accounts]
        shown = rows if all_rows else rows[:_MOST_ROWS]
        cells = [_cells(one, account) for one, account in shown]
        print_table(_COLUMNS, cells, numbers=_NUMBERS)
        for one in ordered:
            for line in _told(one):
                results().print(f"{one.symbol} {line}", markup=False, soft_wrap=True)
        if len(rows) > len(shown):
            messages().print(f"and {len(rows) - len(shown):,} more; --all-rows shows every series")
        for line in _totals(total(self.accounts)):
            results().print(line, markup=False, soft_wrap=True)
        messages().print(f"migration {self.migration.name}", markup=False)


def _cells(outcome: MigrateOutcome, one: Account) -> tuple[Cell, ...]:
    kept_out = sum(one.rejected.values()) + sum(one.left_out.values())
    numbers = (
        one.rows,
        one.equal,
        sum(one.changed.values()),
        one.collapsed,
        sum(one.superseded.values()),
        one.unfinished,
        one.waiting,
        kept_out,
    )
    sums = styled("ok" if one.adds_up else "wrong")
    sums.plain = "yes" if one.adds_up else "NO"
    return outcome.symbol, one.timeframe, styled(outcome.status), *map(count, numbers), sums


def _told(outcome: MigrateOutcome) -> Iterator[str]:
    if outcome.reason:
        yield outcome.reason
    for account in outcome.accounts:
        for what in (account.superseded, account.rejected, account.left_out):
            if what:
                yield f"{account.timeframe} {_words(what)} ({account.place})"
        if account.by_order:
            times = f"{account.by_order:,} times that came twice"
            yield f"{account.timeframe} {times}, put in their order"
        for example in account.examples:
            yield f"{account.timeframe}   {example}"


def _totals(told: Mapping[str, Any]) -> Iterator[str]:
    yield f"{plural(told['rows'], 'row')} in {told['series']:,} series"
    plain = ("equal", "collapsed", "unfinished", "waiting", "lost")
    yield "  " + ", ".join(f"{name} {told[name]:,}" for name in plain)
    for name, title in (
        ("changed", "changed as declared"),
        ("superseded", "kept as older version"),
        ("rejected", "kept out by rule"),
        ("left_out", "left out"),
    ):
        if told[name]:
            yield f"  {title}: {_words(told[name])}"
    yield "  every row accounted for" if told["adds_up"] else "  THE TOTALS DO NOT ADD UP"


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {rows:,}" for name, rows in counts.items())
