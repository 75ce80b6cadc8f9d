"""Whether the files that SQL reads show what is stored now; opens none of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.proven import stamp_of
from regime_platform.compute_db.connection import write_ahead_log
from regime_platform.model.digests import frame_digest
from regime_platform.sql_views.catalog import Catalog, Source, folder_of
from regime_platform.sql_views.relations import BOARD, UNIVERSE
from regime_platform.sql_views.small_tables import universe_rows
from regime_platform.workspace import Workspace

#: Yields the symbols to be read, and may show how far that is.
Watch = Callable[[Sequence[str]], Iterable[str]]


def differing(workspace: Workspace, catalog: Catalog) -> list[str]:
    """The symbols, views and files of which the catalog shows another state; opens no file."""
    root, known, folder = workspace.root, catalog.sources, folder_of(workspace.root)
    symbols = workspace.universe.symbols
    names = [symbol for symbol in symbols if is_changed(root, symbol, known)]
    names += sorted({*known} - {*symbols})
    if catalog.folder != str(folder):
        names.append("the data root, which was moved")
    if catalog.board != board_stamp(root):
        names.append(BOARD)
    if catalog.universe != frame_digest(universe_rows(workspace.universe)):
        names.append(UNIVERSE)
    return names + [file.name for file in catalog.files if not file.is_there(folder)]


def is_changed(root: DataRoot, symbol: str, sources: Mapping[str, Source]) -> bool:
    """True where the files of a symbol are not those that its rows were made from."""
    return symbol not in sources or sources[symbol].files != files_of(root.symbol(symbol))


def files_of(paths: SymbolPaths) -> str:
    """Sizes and times of the files that a symbol's rows are made from, which a copy keeps."""
    files = (paths.compute_db, write_ahead_log(paths.compute_db), paths.verdict)
    stamps = (stamp_of(path) for path in files)
    return " ".join(f"{stamp.bytes}:{stamp.mtime_ns}" if stamp else "-" for stamp in stamps)


def board_stamp(root: DataRoot) -> str:
    """The stamp of the board file."""
    return f"{stamp_of(root.board)}"
