"""The pages of many symbols, in several processes where they are worth it."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from regime_platform.bar_store.layout import DataRoot
from regime_platform.errors import failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.page import Page, chart_libraries, symbol_page
from regime_platform.workers import map_in_processes

#: Symbols for each process beyond the first; its start takes as long as ten pages.
WORTH_A_PROCESS = 40


@dataclass(frozen=True)
class PageOutcome:
    """The page of a symbol, or why it has none; neither where it has no results."""

    symbol: str
    page: Page | None = None
    problem: str = ""


def write_pages(
    workspace: RunWorkspace,
    instruments: Sequence[Instrument],
    now: dt.datetime,
    *,
    is_self_contained: bool = False,
) -> Iterator[PageOutcome]:
    """One outcome per instrument, in order: see `report.page.symbol_page`.

    Raises:
        ModuleNotFoundError: the extra ``charts`` is not installed.
    """
    chart_libraries()
    write = partial(_written, workspace.root, now, is_self_contained)
    workers = min(workspace.settings.workers, len(instruments) // WORTH_A_PROCESS)
    return map_in_processes(workers, write, instruments, _died)


def _written(
    root: DataRoot, now: dt.datetime, is_self_contained: bool, instrument: Instrument
) -> PageOutcome:
    try:
        page = symbol_page(root, instrument, now, is_self_contained=is_self_contained)
    except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
        return PageOutcome(instrument.symbol, problem=failure_reason(error, instrument.symbol))
    return PageOutcome(instrument.symbol, page)


def _died(instrument: Instrument, reason: str) -> PageOutcome:
    return PageOutcome(instrument.symbol, problem=reason)
