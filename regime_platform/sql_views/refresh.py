"""Brings the files that SQL reads in step with bars, results, board and universe.

Only what differs is read and written. The catalog is replaced last, so that a killed refresh leaves
the files before it in force; files that it does not name go with the next refresh, those of the
catalog before it one refresh later, since a query may still read them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

import polars as pl

from regime_platform.bar_store.locks import PATIENCE, locked
from regime_platform.errors import BarsError, ResultsError
from regime_platform.files import write_bytes, write_text
from regime_platform.model.digests import frame_digest
from regime_platform.sql_views.cached_files import FileWriter, read_rows, sweep, write_rows
from regime_platform.sql_views.catalog import (
    CachedFile,
    Catalog,
    Part,
    Source,
    encoded_parts,
    folder_of,
    read_catalog,
    read_parts,
    write_catalog,
)
from regime_platform.sql_views.freshness import Watch, board_stamp, differing, is_changed
from regime_platform.sql_views.relations import BOARD, FINDINGS, LATEST, UNIVERSE, VIEWS
from regime_platform.sql_views.small_tables import board_rows, universe_rows
from regime_platform.sql_views.statements import script
from regime_platform.sql_views.symbol_rows import SymbolRows, symbol_rows
from regime_platform.workspace import Workspace

#: Symbols after which a long refresh puts in force what it has.
_AT_ONCE = 200
#: Files of one kind with few rows, and how many of them may be there before they are merged.
_FEW_ROWS, _MOST_SMALL = 25_000, 8


def refreshed(workspace: Workspace, watch: Watch = iter) -> Catalog:
    """The catalog of what is stored now; another process may have made it meanwhile.

    Raises:
        ResultsError: another process refreshes for over a minute.
        OSError: the files cannot be written.
    """
    with locked(workspace.root.sql / ".lock", PATIENCE, _busy):
        catalog = read_catalog(workspace.root)
        if not differing(workspace, catalog):
            return catalog
        return _Refresh(workspace, catalog).run(watch)


class _Refresh:
    """One refresh."""

    def __init__(self, workspace: Workspace, before: Catalog) -> None:
        self._workspace, self._before = workspace, before
        self._root, self._folder = workspace.root, folder_of(workspace.root)
        self._writer = FileWriter(self._folder)
        intact = (each.verified(self._folder) for each in before.files)
        self._files = {each.name: each for each in intact if each is not None}
        self._sources: dict[str, Source] = {}
        self._parts: dict[str, list[Part]] = defaultdict(list)  # by symbol
        self._symbols: dict[str, set[str]] = defaultdict(set)  # in a file, shown or not
        self._small: dict[str, dict[str, pl.DataFrame]] = {LATEST: {}, FINDINGS: {}}
        self._load()

    def run(self, watch: Watch) -> Catalog:
        """Reads what changed; returns the catalog that is then in force."""
        changed = [
            symbol
            for symbol in self._workspace.universe.symbols
            if is_changed(self._root, symbol, self._sources)
        ]
        for done, symbol in enumerate(watch(changed), 1):
            before = self._sources.get(symbol, Source())
            rows = symbol_rows(self._root, symbol, before, self._parts.pop(symbol, []))
            self._take(symbol, rows)
            if done % _AT_ONCE == 0:
                self._put_in_force()
        catalog = self._put_in_force()
        sweep(self._folder, catalog.names | self._before.names)
        return catalog

    def _load(self) -> None:
        """What is stored already, and still of use."""
        try:
            stored = read_parts(self._folder, self._before)
            for view, by_symbol in self._small.items():
                (file,) = (each for each in self._files.values() if each.view == view)
                rows = read_rows(self._folder, file).partition_by("symbol", as_dict=True)
                by_symbol |= {str(symbol): frame for (symbol,), frame in rows.items()}
        except (BarsError, OSError, ValueError):  # everything is read again
            self._files = {}
            return
        worn = _worn(stored, self._files)
        self._files = {name: file for name, file in self._files.items() if name not in worn}
        known, tracked = self._before.sources, {*self._workspace.universe.symbols}
        self._sources = {name: known[name] for name in known if name in tracked}
        for part in stored:
            self._symbols[part.file].add(part.symbol)
            if part.symbol not in tracked:
                continue
            if part.file in self._files:
                self._parts[part.symbol].append(part)
            else:  # to be read again, all that differs from what is left
                self._sources[part.symbol] = Source()

    def _take(self, symbol: str, rows: SymbolRows) -> None:
        """Puts the rows of a symbol in place of those before."""
        self._sources[symbol] = rows.source
        for part, frame in (*rows.bars, *rows.results):
            if frame is None:
                self._parts[symbol].append(part)
            else:
                self._writer.add(part, frame)
        self._small[FINDINGS][symbol] = rows.findings
        if rows.latest is not None:
            self._small[LATEST][symbol] = rows.latest

    def _put_in_force(self) -> Catalog:
        """Writes everything that is not written yet, and the catalog."""
        workspace = self._workspace
        self._writer.flush()
        for part in self._writer.parts:
            self._parts[part.symbol].append(part)
            self._symbols[part.file].add(part.symbol)
        self._writer.parts.clear()
        board = board_stamp(self._root)  # before it is read
        frames = {view: self._small_rows(view) for view in self._small}
        frames[BOARD] = board_rows(self._root, workspace.universe)
        frames[UNIVERSE] = universe_rows(workspace.universe)
        small = [write_rows(self._folder, view, frame) for view, frame in frames.items()]
        parts = [part for of_symbol in self._parts.values() for part in of_symbol]
        data = encoded_parts(parts)
        name = f"parts-{sha256(data).hexdigest()[:16]}.parquet"
        write_bytes(self._folder / name, data)
        files = [*self._shown_files(parts), *small]
        views = {file.view for file in files}
        files += [
            write_rows(self._folder, view, schema.to_frame())
            for view, schema in VIEWS.items()
            if view not in views
        ]
        catalog = Catalog(
            folder=str(self._folder),
            board=board,
            universe=frame_digest(frames[UNIVERSE]),
            sources=self._sources,
            parts=name,
            files=tuple(files),
        )
        write_text(self._folder / "views.sql", script(self._folder, catalog))
        write_catalog(self._root, catalog)
        return catalog

    def _small_rows(self, view: str) -> pl.DataFrame:
        rows = self._small[view]
        known = [rows[name] for name in self._workspace.universe.symbols if name in rows]
        return pl.concat([VIEWS[view].to_frame(), *known])

    def _shown_files(self, parts: Sequence[Part]) -> Iterator[CachedFile]:
        """The files of which some rows are shown, with the symbols of which none are."""
        shown = defaultdict(set)
        for part in parts:
            shown[part.file].add(part.symbol)
        files = {**self._files, **{file.name: file for file in self._writer.files}}
        for file in files.values():
            if file.name in shown:
                gone = {*file.gone, *self._symbols[file.name]} - shown[file.name]
                yield file.model_copy(update={"gone": tuple(sorted(gone))})


def _worn(stored: Sequence[Part], files: Mapping[str, CachedFile]) -> set[str]:
    """Files to be replaced: fewer than half of their rows are shown, or too many are small."""
    shown: Counter[str] = Counter()
    for part in stored:
        shown[part.file] += part.rows
    worn = {name for name, rows in shown.items() if name in files and 2 * rows < files[name].rows}
    small = defaultdict(set)
    for name, rows in shown.items():
        if rows < _FEW_ROWS:
            small[name.rpartition("-")[0]].add(name)
    return worn.union(*(names for names in small.values() if len(names) > _MOST_SMALL))


def _busy(reason: str) -> ResultsError:
    return ResultsError(f"the files of SQL are being written by {reason}", code="locked")
