"""The page of a symbol as a file, which is written only where its content changed.

``drawing`` makes the content and is imported only when a page has to be drawn.
"""

from dataclasses import dataclass
from pathlib import Path

from regime_platform.files import write_text
from regime_platform.report.origin import page_origin, recorded_origin
from regime_platform.report.reading import ChartWorkspace, read_symbol


@dataclass(frozen=True)
class Page:
    """A symbol's page and whether this call wrote it."""

    path: Path
    is_written: bool


def symbol_page(workspace: ChartWorkspace, symbol: str) -> Page | None:
    """Writes the page of one symbol where its content changed; None without results.

    A page made from the same files by the same code is not drawn again.
    """
    instrument = workspace.universe.instrument(symbol)
    target = workspace.root.path / "report" / f"{instrument.symbol}.html"
    origin = page_origin(workspace, instrument)
    if recorded_origin(target) == origin:
        return Page(target, is_written=False)
    view = read_symbol(workspace, symbol)
    if view is None:
        return None
    from regime_platform.report.drawing import page_html  # noqa: PLC0415 - a second of imports

    write_text(target, page_html(view, origin))
    return Page(target, is_written=True)
