"""`make bench-scale`: what is read or written per pass over universes of 100 to 20,000 symbols.

The boards are made up; no symbol has files. Shown is processor time for each symbol of the
universe, so that what grows with the number of symbols and no faster stays level.
"""

import argparse
import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.table import Table

from regime_platform.bar_store.proven import is_proven
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.partitions import symbol_partitions
from regime_platform.orchestration.sensors import build_new_bars
from regime_platform.orchestration.status.symbols import symbol_checks
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.outbox import Outbox
from regime_platform.pipeline.outcomes import STAGES, PublishOutcome, Status, SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.board import board
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.bench.figures import cost_of
from regime_platform_tests.bench.seeded_events import last_fetch, seed_fetches
from regime_platform_tests.boards import made_board

SIZES = (100, 1_565, 20_000)
_CHANGED = 50  # symbols that a command changes, beside those that it found unchanged
Cost = tuple[str, float]


def costs(folder: Path, symbols: int) -> Iterator[Cost]:
    """What is done, and its microseconds of processor time for each symbol."""
    names = [f"S{number:05d}" for number in range(symbols)]
    settings = made_board(
        folder, {(name, each): {} for name in names for each in ("1day", "1week")}
    )
    workspace = RunWorkspace.open(settings)
    now = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    yield from _timed(
        {
            "load the universe": partial(load_universe, settings),
            "partitions of Dagster": partial(symbol_partitions, workspace.universe),
            "query of the board": partial(board, now=now, where=settings),
            "refresh the board, all changed": partial(refresh_board, workspace, ()),
            "refresh the board, none changed": partial(refresh_board, workspace, ()),
            "rows of status": partial(symbol_checks, workspace, now),
            "proven files": partial(_ask_proven, workspace),
        },
        symbols,
    )
    yield from _outbox_costs(settings, names)
    with open_instance(settings) as instance:
        yield from _timed({"sensor tick": _tick(settings, instance, names)}, symbols)


def _outbox_costs(settings: Settings, names: Sequence[str]) -> Iterator[Cost]:
    """A command that finds all symbols unchanged, then one that changes some."""
    outbox = Outbox(settings)
    same = Status.UNCHANGED
    unchanged = [
        SymbolOutcome(name, same, STAGES[-1], publish=PublishOutcome(name, same)) for name in names
    ]
    some = [SymbolOutcome(name, Status.FAILED, STAGES[-1]) for name in names[:_CHANGED]]
    yield from _timed({"outbox, all unchanged": partial(_left, outbox, unchanged)}, len(names))
    yield from _timed({"outbox, changed, each": partial(_left, outbox, some)}, _CHANGED)


def _left(outbox: Outbox, outcomes: Sequence[SymbolOutcome]) -> None:
    list(outbox.passing(outcomes, STAGES))


def _ask_proven(workspace: RunWorkspace) -> None:
    for symbol in workspace.universe.symbols:
        is_proven(workspace.root.symbol(symbol), "compute.db")


def _tick(
    settings: Settings, instance: dg.DagsterInstance, names: Sequence[str]
) -> Callable[[], object]:
    """One tick over a fetch of every symbol; a tick reads no more than some 2,000 events."""
    sensor = build_new_bars(partial(load_universe, settings))
    before = last_fetch(instance)
    seed_fetches(instance, names, min(len(names), 2_000))
    return lambda: sensor(dg.build_sensor_context(instance=instance, cursor=str(before)))


def _timed(work: dict[str, Callable[[], object]], items: int) -> Iterator[Cost]:
    for name, each in work.items():
        yield name, 1e6 * cost_of(each).cpu / items


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    sizes = parser.parse_args(arguments).sizes
    table = Table("microseconds for each symbol", *(f"{size:,} symbols" for size in sizes))
    rows: dict[str, list[str]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            for what, cost in costs(Path(name) / "data", size):
                rows.setdefault(what, []).append(f"{cost:,.0f}")
    for what, cells in rows.items():
        table.add_row(what, *cells)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
