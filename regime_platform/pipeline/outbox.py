"""What commands did to symbols, left beside Dagster's state until its sensor reports it.

One small file per symbol, in which later commands are merged, and one list of stages that were
found unchanged, for those that Dagster does not show as good. Without a daemon all of them wait for
its next start. Dagster's own runs report themselves and leave nothing here.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from regime_platform.bar_store.locks import locked
from regime_platform.errors import RegimeError
from regime_platform.files import move, read_json, write_json
from regime_platform.model.document import first_fault
from regime_platform.pipeline.outbox_documents import OutboxEntry, UnchangedSymbols
from regime_platform.pipeline.outcomes import STAGES, Stage, SymbolOutcome
from regime_platform.settings import Settings

#: Its folder in that of Dagster's state.
OUTBOX = "outbox"
_UNCHANGED = "unchanged"  # no symbol has small letters
_SET_ASIDE = "set_aside"
_PATIENCE = 10.0  # seconds; the lock is held for some milliseconds


@dataclass(frozen=True)
class WrittenFile:
    """A file of the outbox as it was read."""

    path: Path
    written: float  # Unix time
    inode: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """The file as it is now."""
        stat = path.stat()
        return cls(path, stat.st_mtime, stat.st_ino)


@dataclass(frozen=True)
class Pending:
    """An entry that is not reported yet."""

    file: WrittenFile
    entry: OutboxEntry
    problem: str = ""  # why the file could not be read; the entry then means all that is stored


@dataclass(frozen=True)
class Waiting:
    """What the outbox has."""

    symbols: tuple[str, ...]  # that commands changed, or that failed in them
    oldest: dt.datetime | None  # when the first of these was written
    has_unchanged: bool  # symbols found unchanged are still to be compared


class Outbox:
    """The outbox of a data root; of the command that made it, also whether it could write."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.dagster_folder / OUTBOX
        self.problem = ""  # the first reason why something could not be written, with the remedy

    def waiting(self) -> Waiting:
        """What is not reported yet; reads no file."""
        times = {file.path.stem: file.written for file in self._files()}
        has_unchanged = times.pop(_UNCHANGED, None) is not None
        oldest = min(times.values(), default=None)
        since = None if oldest is None else dt.datetime.fromtimestamp(oldest, dt.UTC)
        return Waiting(tuple(sorted(times)), since, has_unchanged)

    def passing(
        self, outcomes: Iterable[SymbolOutcome], stages: Collection[Stage]
    ) -> Iterator[SymbolOutcome]:
        """The outcomes of a command that runs ``stages``, each left before it is passed on."""
        unchanged: dict[str, list[str]] = {}
        try:
            for outcome in outcomes:
                if not outcome.is_reached:
                    yield outcome
                    continue
                completed = [stage for stage in STAGES if _is_completed(outcome, stage)]
                entry = OutboxEntry.of(outcome, stages)
                if entry.stages or self._path(outcome.symbol).exists():
                    self.leave(entry, completed)
                for stage in completed:
                    if stage not in entry.stages:
                        unchanged.setdefault(stage.value, []).append(outcome.symbol)
                yield outcome
        finally:
            if unchanged:
                self._try(lambda: self._add_unchanged(unchanged))

    def leave(self, entry: OutboxEntry, completed: Collection[Stage] = ()) -> None:
        """Leaves an entry; ``completed``: the stages that the command ended well."""
        self._try(lambda: self._merge(entry, completed))

    def leave_stored(self, symbols: Iterable[str]) -> None:
        """Leaves symbols whose files changed as a whole: all that is stored is reported."""
        for symbol in symbols:
            self.leave(OutboxEntry(symbol=symbol), STAGES)

    def pending(self) -> list[Pending]:
        """The entries, the oldest first."""
        files = sorted(self._files(), key=lambda file: file.written)
        return [_read(file) for file in files if file.path.stem != _UNCHANGED]

    def unchanged(self) -> tuple[WrittenFile | None, Mapping[Stage, Collection[str]]]:
        """Stage -> symbols found good and unchanged, and the file that lists them."""
        path = self._path(_UNCHANGED)
        try:
            file = WrittenFile.of(path)
            return file, {Stage(name): names for name, names in _unchanged(path).items()}
        except FileNotFoundError:
            return None, {}

    def remove(self, file: WrittenFile, *, is_damaged: bool = False) -> None:
        """Removes a file whose content is reported, unless a command wrote it again meanwhile.

        A damaged one is set aside instead.
        """
        with self._locked():
            if not file.path.exists() or WrittenFile.of(file.path) != file:
                return
            if is_damaged:
                move(file.path, self.folder / _SET_ASIDE / file.path.name)
            else:
                file.path.unlink()

    def _merge(self, entry: OutboxEntry, completed: Collection[Stage]) -> None:
        path = self._path(entry.symbol)
        with self._locked():
            if path.exists():
                before = _read(WrittenFile.of(path))
                entry = entry.after(before.entry, completed)
            listed = _unchanged(self._path(_UNCHANGED))
            if any(entry.symbol in symbols for symbols in listed.values()):
                # else a failure that is reported first would turn green by the list
                left = {
                    stage: [symbol for symbol in symbols if symbol != entry.symbol]
                    for stage, symbols in listed.items()
                }
                self._write_unchanged(left)
            write_json(path, entry.model_dump(mode="json"))

    def _add_unchanged(self, added: Mapping[str, Collection[str]]) -> None:
        with self._locked():
            before = _unchanged(self._path(_UNCHANGED))
            self._write_unchanged(
                {
                    stage: sorted({*before.get(stage, ()), *added.get(stage, ())})
                    for stage in STAGES
                    if stage in before or stage in added
                }
            )

    def _write_unchanged(self, symbols: Mapping[str, Collection[str]]) -> None:
        listed = {stage: tuple(names) for stage, names in symbols.items()}
        document = UnchangedSymbols(symbols=listed).model_dump(mode="json")
        write_json(self._path(_UNCHANGED), document)

    def _try(self, write: Callable[[], None]) -> None:
        """A command must not fail because its work cannot be announced."""
        try:
            write()
        except (RegimeError, OSError) as error:
            self.problem = self.problem or (
                f"Dagster does not show this yet ({error}); check the disk, its nightly reconcile "
                "or the same command again reports it"
            )

    def _locked(self) -> AbstractContextManager[None]:
        return locked(
            self.folder / ".lock",
            _PATIENCE,
            lambda reason: RegimeError(
                f"{self.folder} is being written by {reason}", code="locked"
            ),
        )

    def _files(self) -> Iterator[WrittenFile]:
        for path in self.folder.glob("*.json"):
            if not path.name.startswith("."):  # of a killed writer
                with suppress(FileNotFoundError):  # reported meanwhile
                    yield WrittenFile.of(path)

    def _path(self, symbol: str) -> Path:
        return self.folder / f"{symbol}.json"


def _is_completed(outcome: SymbolOutcome, stage: Stage) -> bool:
    status = outcome.status_after(stage)
    return status is not None and status.is_good


def _read(file: WrittenFile) -> Pending:
    try:
        entry = OutboxEntry.model_validate(read_json(file.path))
    except ValidationError as error:
        problem = first_fault(error)
    except (RegimeError, OSError):
        problem = "it is no JSON object"
    else:
        if entry.symbol == file.path.stem:
            return Pending(file, entry)
        problem = f"it is of {entry.symbol}"
    return Pending(file, OutboxEntry(symbol=file.path.stem), problem)


def _unchanged(path: Path) -> Mapping[str, Collection[str]]:
    """Stage -> symbols in the list; none where it cannot be read, a reconcile compares all."""
    try:
        return UnchangedSymbols.model_validate(read_json(path) or {"symbols": {}}).symbols
    except (RegimeError, ValidationError):
        return {}
