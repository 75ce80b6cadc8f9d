"""`make bench-store`: what a few new bars cost a series that has many, and what it takes on disk.

Each run appends the next bars after an overlap, as an update does: compare, store, fold, validate
and write the canonical bars; every write is flushed to disk. Verdict and manifests are left out;
"append_unjudged" leaves out the gate as well.
"""

import argparse
import datetime as dt
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl
from rich.console import Console
from rich.table import Table

from regime_platform.bar_store import canonical
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw.compaction import compact
from regime_platform.bar_store.raw.gate_input import gate_input
from regime_platform.bar_store.raw.page_update import FetchOrigin, LogUpdate
from regime_platform.bar_store.raw.raw_log import append, compare
from regime_platform.model.bar_schema import PromotedBars
from regime_platform.model.markets import MARKETS
from regime_platform.validation.gate import gate
from regime_platform_tests.bench.figures import Cost, Figure, cost_of
from regime_platform_tests.builders import LONG_AFTER, fetch_origin, make_bars

_CLASS = "US_EQUITY"
_PAGE = 5_000
_OVERLAP = 5
_LONG_AGO = dt.datetime(2000, 1, 3, tzinfo=dt.UTC)
_Done = TypeVar("_Done")


@dataclass(frozen=True)
class Case:
    """A series that receives bars."""

    name: str
    timeframe: str
    stored: int  # bars before the appends
    new: int  # bars per append


def appending_figures(case: Case, runs: int) -> Iterator[Figure]:
    """Times of one append and promotion by stage, and sizes after all of them."""
    costs: dict[str, list[Cost]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        paths = SymbolPaths(Path(name))
        _fetch_history(paths, case)
        fetched = _size(paths.raw(case.timeframe)) + _size(paths.bars(case.timeframe))
        _append_over_and_over(paths, case, runs, costs)
        raw, bars = (_size(folder(case.timeframe)) for folder in (paths.raw, paths.bars))
        compact(paths.raw(case.timeframe))
        compacted = _size(paths.raw(case.timeframe))
    meaning = f"{case.new} bars to {case.stored:,} {case.timeframe} bars"
    variants = {"append": costs, "append_unjudged": {**costs, "gate": []}}
    for name, stages in variants.items():
        for clock in ("wall", "cpu"):
            runs_of = [
                [getattr(cost, clock) for cost in taken] for taken in stages.values() if taken
            ]
            whole = [1e3 * sum(each) for each in zip(*runs_of, strict=True)]
            yield Figure(f"{case.name}_{name}_{clock}_ms", statistics.median(whole), meaning, runs)
            yield Figure(f"{case.name}_{name}_{clock}_ms_least", min(whole), "the same", runs)
    for stage, taken in costs.items():
        walls = [1e3 * cost.wall for cost in taken]
        yield Figure(f"{case.name}_{stage}_wall_ms", statistics.median(walls), "of this", runs)
        yield Figure(f"{case.name}_{stage}_wall_ms_least", min(walls), "of this", runs)
    yield Figure(f"{case.name}_fetched_kb", fetched / 1e3, "raw and canonical, no append yet", 1)
    for what, size in (("raw", raw), ("raw_compacted", compacted), ("canonical", bars)):
        yield Figure(f"{case.name}_{what}_kb", size / 1e3, "on disk, after all appends", 1)


def _bars(case: Case, runs: int = 0) -> pl.DataFrame:
    return make_bars(case.stored + case.new * runs, case.timeframe, _LONG_AGO)


def _fetch_history(paths: SymbolPaths, case: Case) -> None:
    """Stores and promotes the bars before the appends, page by page."""
    series, timeframe = _bars(case), case.timeframe
    for start in range(0, case.stored, _PAGE):
        append(
            paths.raw(timeframe), series[start : start + _PAGE], fetch_origin(timeframe=timeframe)
        )
    rows = gate_input(paths, timeframe, MARKETS[_CLASS]).rows
    valid = gate(rows, timeframe=timeframe, market=MARKETS[_CLASS]).valid
    canonical.write_parts(paths.bars(timeframe), timeframe, valid, "BENCH")


def _append_over_and_over(
    paths: SymbolPaths, case: Case, runs: int, costs: dict[str, list[Cost]]
) -> None:
    series = _bars(case, runs)
    in_force: PromotedBars | None = None
    for run in range(runs):
        upto = case.stored + case.new * (run + 1)
        page = series[upto - case.new - _OVERLAP : upto]
        facts = fetch_origin(LONG_AFTER + dt.timedelta(hours=run), case.timeframe)
        in_force = _appended(paths, page, facts, in_force, _Stages(costs))
        assert in_force.rows == upto


def _appended(
    paths: SymbolPaths,
    page: pl.DataFrame,
    facts: FetchOrigin,
    in_force: PromotedBars | None,
    timed: "_Stages",
) -> PromotedBars:
    timeframe, folder = facts.timeframe, paths.bars(facts.timeframe)
    looked = timed("compare", lambda: compare(paths.raw(timeframe), page, facts))
    timed("store", lambda: _store(paths, page, facts, looked))
    given = timed("fold", lambda: gate_input(paths, timeframe, MARKETS[_CLASS]))
    result = timed("gate", lambda: gate(given.rows, timeframe=timeframe, market=MARKETS[_CLASS]))
    promoted = timed(
        "canonical",
        lambda: canonical.write_parts(folder, timeframe, result.valid, "BENCH", in_force),
    )
    canonical.sweep(folder, promoted)
    return promoted


class _Stages:
    """Runs work and keeps what each stage cost."""

    def __init__(self, costs: dict[str, list[Cost]]) -> None:
        self._costs = costs

    def __call__(self, stage: str, work: Callable[[], _Done]) -> _Done:
        done: list[_Done] = []
        self._costs[stage].append(cost_of(lambda: done.append(work())))
        return done[0]


def _store(paths: SymbolPaths, page: pl.DataFrame, facts: FetchOrigin, looked: LogUpdate) -> None:
    with writing(paths):
        append(paths.raw(facts.timeframe), page, facts, looked)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few bars: figures without meaning")
    quick = parser.parse_args(arguments).quick
    cases = (
        Case("daily", "1day", 300 if quick else 5_000, 3),
        Case("intraday", "15min", 600 if quick else 200_000, 1),
    )
    runs = 3 if quick else 40
    table = Table("figure", "value", "runs", "meaning", title="medians of the runs")
    for case in cases:
        for figure in appending_figures(case, runs):
            table.add_row(figure.name, f"{figure.value:,.1f}", str(figure.runs), figure.meaning)
    console = Console(width=110)
    console.print(table)
    console.print("load average", " ".join(f"{load:.2f}" for load in os.getloadavg()))


if __name__ == "__main__":
    main()
