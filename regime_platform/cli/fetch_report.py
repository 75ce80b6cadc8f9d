"""What a fetch tells at its end: a table with the problems first, a summary line, or JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from regime_platform.cli.exits import code_of
from regime_platform.cli.screen import count, messages, plural, print_json, print_table, styled
from regime_platform.pipeline.estimate import Estimate
from regime_platform.pipeline.outcomes import SeriesIngest, WalkOutcome

_MOST_ROWS = 40
_COUNTS = ("requests", "credits", "new", "revised", "same", "provisional")
_COLUMNS = ("symbol", "timeframe", "status", *_COUNTS, "note")


@dataclass(frozen=True)
class FetchReport:
    """How a fetch went."""

    outcomes: Sequence[WalkOutcome]  # one per symbol
    seconds: float
    end: str = ""  # why it ended early; empty where it did not

    @property
    def code(self) -> int:
        """The exit code that follows."""
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
        rows = sorted(self._series(), key=lambda one: not one[1].has_failed)
        rows = [one for one in rows if all_rows or one[1].status != "ok" or one[1].new_or_revised]
        shown = rows if all_rows else rows[:_MOST_ROWS]
        if shown:
            print_table(_COLUMNS, [_row(*one) for one in shown], numbers=_COUNTS, folding=("note",))
        console = messages()
        if len(rows) > len(shown):
            console.print(f"and {len(rows) - len(shown):,} more; --all-rows shows every series")
        for one in self.outcomes:
            if one.detail:  # a defect: the traceback is for whoever mends it
                console.print(one.detail, style="dim", markup=False)
        if self.end:
            console.print(f"the fetch ended early: {self.end}", style="bold red", markup=False)
        console.print(self._summary(), markup=False)

    def _series(self) -> Iterator[tuple[str, SeriesIngest]]:
        for one in self.outcomes:
            if one.ingest is None:  # it failed before any of its series was looked at
                yield one.symbol, SeriesIngest("", status="failed", reason=one.reason)
            else:
                yield from ((one.symbol, series) for series in one.ingest.series)

    def _total(self) -> dict[str, Any]:
        series = [one for _, one in self._series()]
        counts = {name: sum(getattr(one, name) for one in series) for name in _COUNTS}
        statuses = dict(Counter(one.status for one in series))
        return {"symbols": len(self.outcomes), "series": len(series), **counts, "status": statuses}

    def _summary(self) -> str:
        total = self._total()
        parts = [
            f"{plural(total['symbols'], 'symbol')}, {total['series']:,} series",
            f"{plural(total['new'], 'new bar')}, {total['revised']:,} revised",
            f"{plural(total['requests'], 'request')}, {plural(total['credits'], 'credit')}",
        ]
        failed = sum(series.has_failed for _, series in self._series())
        return " · ".join(
            [*parts, *([f"{failed:,} failed"] * bool(failed)), f"{self.seconds:.1f} s"]
        )


def print_estimate(told: Estimate, *, as_json: bool) -> None:
    """What a backfill would cost."""
    if as_json:
        print_json({**asdict(told), "minutes": told.minutes})
        return
    numbers = ("series", "requests", "credits", "per minute", "minutes")
    values = (told.series, told.requests, told.credits, told.credits_per_minute, told.minutes)
    print_table(numbers, [[f"{value:,}" for value in values]], numbers=numbers)
    if told.assumed:
        messages().print(
            f"the first bar of {told.assumed:,} series is not known yet: taken as 1980 for daily "
            "and weekly bars and 2020 for shorter ones, so this is rather too much than too little"
        )


def _row(symbol: str, series: SeriesIngest) -> tuple[Any, ...]:
    counts = (count(getattr(series, name)) for name in _COUNTS)
    return (symbol, series.timeframe, styled(series.status), *counts, series.reason)
