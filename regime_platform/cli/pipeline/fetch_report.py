"""The report of a fetch: a table with the problems first and a summary line, or JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from regime_platform.cli.console.screen import (
    count,
    messages,
    plural,
    print_json,
    print_table,
    styled,
)
from regime_platform.cli.exits import code_of
from regime_platform.pipeline.fetch.estimate import Estimate
from regime_platform.pipeline.outcomes import SeriesIngest, SymbolOutcome

_MOST_ROWS = 40
_COUNTS = ("requests", "credits", "new", "revised", "same", "provisional")
_COLUMNS = ("symbol", "timeframe", "status", *_COUNTS, "note")


@dataclass(frozen=True)
class FetchReport:
    """The outcomes of a fetch."""

    outcomes: Sequence[SymbolOutcome]  # one per symbol
    seconds: float
    end: str = ""  # why it ended early; empty where it did not

    @property
    def code(self) -> int:
        """The exit code."""
        return code_of(self.outcomes, is_complete=not self.end)

    def print_json(self) -> None:
        """One JSON document on stdout: an object per symbol and timeframe, and a total."""
        print_json(
            {
                "exit_code": self.code,
                "seconds": round(self.seconds, 3),
                "ended_early": self.end or None,
                "series": [
                    {"symbol": symbol, **asdict(series)} for symbol, series in self._series()
                ],
                "total": self._total(),
            }
        )

    def print(self, *, all_rows: bool) -> None:
        """A table of what happened, problems first; everything else goes to stderr."""
        rows = sorted(self._series(), key=lambda row: not row[1].has_failed)
        rows = [row for row in rows if all_rows or row[1].status != "ok" or row[1].new_or_revised]
        shown = rows if all_rows else rows[:_MOST_ROWS]
        if shown:
            print_table(_COLUMNS, [_row(*row) for row in shown], numbers=_COUNTS, folding=("note",))
        console = messages()
        if len(rows) > len(shown):
            console.print(f"and {len(rows) - len(shown):,} more; --all-rows shows every series")
        for outcome in self.outcomes:
            if outcome.detail:  # the traceback of a defect
                console.print(outcome.detail, style="dim", markup=False)
        if self.end:
            console.print(f"the fetch ended early: {self.end}", style="bold red", markup=False)
        console.print(self._summary(), markup=False)

    def _series(self) -> Iterator[tuple[str, SeriesIngest]]:
        for outcome in self.outcomes:
            if outcome.ingest is None:  # it failed before its first series
                yield outcome.symbol, SeriesIngest("", status="failed", reason=outcome.reason)
            else:
                yield from ((outcome.symbol, series) for series in outcome.ingest.series)

    def _total(self) -> dict[str, Any]:
        fetched = [series for _, series in self._series()]
        counts = {name: sum(getattr(series, name) for series in fetched) for name in _COUNTS}
        statuses = dict(Counter(series.status for series in fetched))
        total = {"symbols": len(self.outcomes), "series": len(fetched)}
        return {**total, **counts, "status": statuses}

    def _summary(self) -> str:
        total = self._total()
        parts = [
            f"{plural(total['symbols'], 'symbol')}, {total['series']:,} series",
            f"{plural(total['new'], 'new bar')}, {total['revised']:,} revised",
            f"{plural(total['requests'], 'request')}, {plural(total['credits'], 'credit')}",
        ]
        failed = sum(series.has_failed for _, series in self._series())
        return " · ".join(
            [*parts, *([f"{failed:,} series failed"] * bool(failed)), f"{self.seconds:.1f} s"]
        )


def print_estimate(estimate: Estimate, *, as_json: bool) -> None:
    """The cost of a backfill."""
    if as_json:
        print_json({**asdict(estimate), "minutes": estimate.minutes})
        return
    numbers = ("series", "requests", "credits", "per minute", "minutes")
    values = (
        *(estimate.series, estimate.requests, estimate.credits),
        *(estimate.credits_per_minute, estimate.minutes),
    )
    print_table(numbers, [[f"{value:,}" for value in values]], numbers=numbers)
    if estimate.assumed:
        messages().print(
            f"the first bar of {estimate.assumed:,} series is unknown: assumed 1980 for daily "
            "and weekly bars and 2020 for intraday bars, so the estimate is an upper bound"
        )


def _row(symbol: str, series: SeriesIngest) -> tuple[Any, ...]:
    counts = (count(getattr(series, name)) for name in _COUNTS)
    return (symbol, series.timeframe, styled(series.status), *counts, series.reason)
