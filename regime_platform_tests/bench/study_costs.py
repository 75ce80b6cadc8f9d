"""What each study costs, in a process that works as those of `regime study` do."""

from collections.abc import Iterator, Sequence
from functools import partial

from regime_platform.query.study.run import run_study
from regime_platform.query.study.stored_series import series_of
from regime_platform.settings import Settings
from regime_platform.studies.catalog import STUDIES
from regime_platform.workers import map_in_processes
from regime_platform.workspace import Workspace
from regime_platform_tests.bench.figures import cost_of

_READING = "reading alone"


def study_costs(settings: Settings) -> Iterator[tuple[str, float]]:
    """Processor seconds of a symbol: reading alone; each study, reading and pooling included."""
    work = partial(cost_per_symbol, settings)
    names = (_READING, *STUDIES)
    yield from zip(names, map_in_processes(2, work, names, _died), strict=True)


def cost_per_symbol(settings: Settings, name: str) -> float:
    """The same of one study, in this process."""
    workspace = Workspace.open(settings)
    symbols = workspace.universe.symbols

    def work(symbols: Sequence[str]) -> None:
        if name == _READING:
            for symbol in symbols:
                series_of(workspace, symbol, "1day")
        else:
            run_study(name, symbols, where=settings)

    work(symbols[:2])  # what is loaded once does not count
    return cost_of(lambda: work(symbols)).cpu / len(symbols)


def _died(name: str, reason: str) -> float:
    raise RuntimeError(f"{name}: {reason}")
