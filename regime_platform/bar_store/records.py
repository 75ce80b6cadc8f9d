"""The JSON records of a symbol that only grow: splits, price factors, instruments and actions.

The bar manifest records their entries, so a file must have every recorded entry; it may have later
ones. A damaged manifest counts as one without entries; `verify` reports it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import whole_bar_manifest
from regime_platform.bar_store.session import keep, once, read_document
from regime_platform.errors import BarsError
from regime_platform.files import write_json
from regime_platform.model.document import Document

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Record(Generic[Entry]):
    """One of these files: its entries are typed, compared with the bar manifest and restored."""

    name: str  # in the bar manifest
    path: Callable[[SymbolPaths], Path]  # of the file
    document: type[Document]  # with the entries as its only field, of that name
    #: What identifies an entry, given its position; a later state of it has the same key.
    key: Callable[[int, Entry], object]
    describe: Callable[[Entry], str]
    #: True where a stored entry is the recorded one, or a later state of it.
    follows: Callable[[Entry, Entry], bool] = lambda stored, recorded: stored == recorded
    is_bare: bool = False  # the file has the value of the field alone
    #: Entries that are recorded elsewhere than in the bar manifest.
    also_recorded: Callable[[SymbolPaths], tuple[Entry, ...]] = lambda _: ()

    def read(self, paths: SymbolPaths) -> tuple[Entry, ...]:
        """The entries in the file, none without one; raises BarsError where it is damaged."""
        path = self.path(paths)
        remedy = f"`regime repair {paths.symbol}` writes it again"
        code = f"{path.stem.replace('_', '-')}-damaged"
        return once(paths, path, lambda: read_document(path, self._parse, remedy, code) or ())

    def write(self, paths: SymbolPaths, entries: Sequence[Entry]) -> None:
        """Replaces the entries of the file; hold the lock."""
        path, document = self.path(paths), self.as_json(entries)
        write_json(path, document if self.is_bare else {self.name: document})
        keep(paths, path, tuple(entries))

    def as_json(self, entries: Sequence[Entry]) -> Any:
        """The entries as the bar manifest records them."""
        document = self.document.model_construct(None, **{self.name: tuple(entries)})
        return document.model_dump(mode="json")[self.name]

    def recorded(self, paths: SymbolPaths) -> tuple[Entry, ...]:
        """The entries that the bar manifest recorded, or another document."""
        manifest = whole_bar_manifest(paths)
        records = {} if manifest is None else manifest.manifest.records.as_json()
        entries = self._entries({self.name: records[self.name]}) if self.name in records else ()
        more = self.also_recorded(paths)
        return tuple(self._by_key([*entries, *more]).values()) if more else entries

    def lost(self, paths: SymbolPaths) -> list[Entry]:
        """The recorded entries that the file lacks; raises as `read`."""
        stored = self._by_key(self.read(paths))
        return [
            entry
            for key, entry in self._by_key(self.recorded(paths)).items()
            if key not in stored or not self.follows(stored[key], entry)
        ]

    def restore(self, paths: SymbolPaths) -> None:
        """Writes the file again from recorded entries and later ones; hold the lock.

        Without any, a damaged file is removed.
        """
        try:
            stored = self._by_key(self.read(paths))
        except BarsError:
            stored = {}
        whole = self._by_key(self.recorded(paths))
        for key, entry in stored.items():
            if key not in whole or self.follows(entry, whole[key]):
                whole[key] = entry
        if whole:
            self.write(paths, tuple(whole.values()))
        else:
            self.path(paths).unlink(missing_ok=True)

    def _by_key(self, entries: Sequence[Entry]) -> dict[object, Entry]:
        return {self.key(position, entry): entry for position, entry in enumerate(entries)}

    def _parse(self, document: Any) -> tuple[Entry, ...]:
        return self._entries({self.name: document} if self.is_bare else document)

    def _entries(self, document: Any) -> tuple[Entry, ...]:
        entries: tuple[Entry, ...] = getattr(self.document.model_validate(document), self.name)
        return entries
