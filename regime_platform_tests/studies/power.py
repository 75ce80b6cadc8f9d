"""How often each test of each study finds a planted effect, and how often planted nothing.

Run ``make study-power``; it writes the tables of docs/studies.md again. ``--study`` measures one
study, ``--scale`` fewer or more series, without writing.
"""

import argparse
import datetime as dt
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from regime_platform.settings import PROJECT_ROOT
from regime_platform.studies.catalog import STUDIES
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion
from regime_platform_tests.docs.tables import replaced, table
from regime_platform_tests.studies.scenarios import NOTHING, PLANTED, TOGETHER, Scenario

ANY = "any of them"
_GROUP = "together"

PAGE = PROJECT_ROOT / "docs" / "studies.md"
LENGTHS = (1_500, 5_000)
#: Series without a relation, and with a planted effect, of each market and length: a share of 5 %
#: is measured with an error of 1.5 points, one of 50 % with 6.
SERIES = (200, 60)
#: Groups of symbols that move together, and how many each has.
GROUPS, SYMBOLS = 40, 6
DRAWS = 199
_CHUNK = 10


@dataclass(frozen=True)
class Cell:
    """A study on a market of one length; picklable, for a process of its own."""

    study: str
    scenario: str
    bars: int


@dataclass
class Rates:
    """Of each conclusion by key: how many were tested, had p <= 5 %, were significant."""

    tested: Counter[str] = field(default_factory=Counter)
    small: Counter[str] = field(default_factory=Counter)
    significant: Counter[str] = field(default_factory=Counter)

    def add(self, conclusions: Iterable[Conclusion], alpha: float) -> None:
        """Counts the conclusions on one series, or one group of them."""
        usable = [each for each in conclusions if np.isfinite(each.p_value) and not each.is_too_few]
        for each in usable:
            self.tested[each.key] += 1
            self.small[each.key] += each.p_value <= alpha
            self.significant[each.key] += each.is_significant
        if usable:
            self.tested[ANY] += 1
            self.small[ANY] += any(each.p_value <= alpha for each in usable)
            self.significant[ANY] += any(each.is_significant for each in usable)

    def merge(self, other: "Rates") -> None:
        """Adds what another process counted."""
        for name in ("tested", "small", "significant"):
            getattr(self, name).update(getattr(other, name))


def scenario_of(cell: Cell) -> Scenario:
    """The market of a cell."""
    return (NOTHING[cell.study] | PLANTED[cell.study])[cell.scenario]


def rates_of(cell: Cell, seeds: Iterable[int]) -> Rates:
    """The study run on a series per seed, or on a group of symbols."""
    study, rates = STUDIES[cell.study].load(), Rates()
    for seed in seeds:
        options = StudyOptions(draws=DRAWS, seed=seed)
        if cell.scenario == _GROUP:
            group = TOGETHER[cell.study](seed, SYMBOLS, cell.bars)
            _tables, answers = study.pooled(
                [study.of(each, {}, options) for each in group], options
            )
        else:
            start = [cell.bars, crc32(cell.scenario.encode()), seed]
            series = scenario_of(cell).make(start, cell.bars)
            answers = study.of(series, {}, options).conclusions
        rates.add(answers, options.alpha)
    return rates


def cells_of(studies: Iterable[str]) -> Iterator[Cell]:
    """Every market and length of the studies."""
    for study in studies:
        for scenario in (*NOTHING[study], *PLANTED[study], _GROUP):
            yield from (Cell(study, scenario, bars) for bars in LENGTHS)


def measured(cells: Iterable[Cell], scale: float = 1.0) -> dict[Cell, Rates]:
    """The rates of all cells, by a process per core."""
    rates = {cell: Rates() for cell in cells}
    tasks = [
        (cell, range(first, min(first + _CHUNK, count)))
        for cell in rates
        for count in [round(scale * _series(cell))]
        for first in range(0, count, _CHUNK)
    ]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        for (cell, _seeds), part in zip(tasks, pool.map(_task, tasks), strict=True):
            rates[cell].merge(part)
    return rates


def _series(cell: Cell) -> int:
    return GROUPS if cell.scenario == _GROUP else SERIES[cell.scenario in PLANTED[cell.study]]


def _task(task: tuple[Cell, range]) -> Rates:
    return rates_of(*task)


def tables(study: str, rates: Mapping[Cell, Rates]) -> Iterator[str]:
    """Tables of what nothing gave, what planted effects gave, and of the view across symbols."""
    yield _table(study, tuple(NOTHING[study]), "small", rates, "Nothing planted: p ≤ 5 %")
    yield _table(study, tuple(PLANTED[study]), "significant", rates, "Planted: significant")
    yield _table(study, (_GROUP,), "small", rates, "Across symbols: p ≤ 5 %")


def _table(
    study: str, scenarios: Sequence[str], counted: str, rates: Mapping[Cell, Rates], title: str
) -> str:
    cells = [[Cell(study, name, bars) for bars in LENGTHS] for name in scenarios]
    keys = dict.fromkeys(key for pair in cells for cell in pair for key in rates[cell].tested)
    titles = [
        f"{SYMBOLS} symbols" if name == _GROUP else scenario_of(Cell(study, name, 0)).title
        for name in scenarios
    ]
    rows = [
        (
            key if key == ANY else f"`{key}`",
            *(" / ".join(_percent(rates[cell], counted, key) for cell in pair) for pair in cells),
        )
        for key in sorted(keys, key=ANY.__eq__)
    ]
    return table((title, *titles), rows)


def _percent(rates: Rates, counted: str, key: str) -> str:
    tested = rates.tested[key]
    return f"{100 * getattr(rates, counted)[key] / tested:.0f}" if tested else "n/a"


def main() -> None:
    """Measures study by study, and writes its part of the page where all series were used."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of series")
    parser.add_argument("--study", action="append", choices=list(STUDIES))
    parser.add_argument("--date", default=dt.datetime.now(dt.UTC).date().isoformat())
    asked = parser.parse_args()
    for study in asked.study or STUDIES:
        rates = measured(cells_of([study]), asked.scale)
        text = "\n\n".join([*tables(study, rates), f"Measured {asked.date}."])
        if asked.scale == 1.0:
            page = replaced(PAGE.read_text("utf-8"), f"power of {study}", text)
            PAGE.write_text(page, encoding="utf-8")
        print(f"{study}\n\n{text}\n", flush=True)


if __name__ == "__main__":
    main()
