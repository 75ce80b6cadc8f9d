"""Adds files of bars to the universe: all of a request, or none of it.

Files stay where they are; an entry names their paths. What is stated about them by keys goes into
the mapping.yaml beside them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from regime_platform.bar_store.identity_file import stored_sources
from regime_platform.bar_store.layout import DataRoot
from regime_platform.errors import RegimeError, UsageError
from regime_platform.model.instruments import Instrument, parse_entry
from regime_platform.model.timeframes import TIERS, TIMEFRAMES, is_intraday
from regime_platform.operations import universe_edits
from regime_platform.operations.file_mappings import FileSeries, mapping_edits_for
from regime_platform.operations.named_files import NamedFiles
from regime_platform.operations.universe_file import UniverseEdit
from regime_platform.revisions.resampling import source_of
from regime_platform.settings import Settings
from regime_platform.sources.files.finding import find_files, listed, timeframes_of_files
from regime_platform.sources.files.inspection import Inspection, SeriesOfFile

ADDED, CHANGED, UNCHANGED = "added", "changed", "unchanged"
SKIPPED, REFUSED = "skipped", "refused"
CLEAR = "clear"  # of a file that would be added if no other one were refused


@dataclass(frozen=True)
class FileOutcome:
    """What became of a series of a file, or of a file as a whole."""

    file: str
    status: str
    symbol: str = ""
    timeframe: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Addition:
    """What was added, or would be."""

    files: tuple[FileOutcome, ...]
    symbols: tuple[str, ...] = ()  # of all files
    mappings: tuple[Path, ...] = ()  # that are written
    edit: UniverseEdit | None = None  # None where a file is refused, so that nothing is added


@dataclass(frozen=True)
class _Wanted:
    """A series, and its files."""

    series: SeriesOfFile
    timeframe: str
    paths: tuple[Path, ...]
    unused: Mapping[Path, Sequence[str]]  # keys of --set that a file does not need

    @property
    def symbol(self) -> str:
        return self.series.symbol.name

    def outcomes(self, status: str, reason: str = "") -> Iterator[FileOutcome]:
        for path in self.paths:
            unused = ", ".join(self.unused.get(path, ()))
            note = f"not read by {unused} of --set: it has no such columns" if unused else ""
            why = reason or note
            yield FileOutcome(str(path), status, self.symbol, self.timeframe, why)


class FileAdder:
    """Adds files to the universe of a data root.

    ``is_one_series`` joins several files of a symbol and timeframe.
    """

    def __init__(self, settings: Settings, *, tier: str = "", is_one_series: bool = False) -> None:
        self._settings, self._tier, self._is_one_series = settings, tier, is_one_series
        self._root = settings.files_root and settings.files_root.expanduser()
        #: The entries that stay, by symbol.
        self.tracked = {entry.symbol: entry for entry in universe_edits.kept_entries(settings)}

    def add(
        self,
        named: NamedFiles,
        inspections: Sequence[Inspection],
        stated: Mapping[str, Any],
        *,
        dry_run: bool = False,
    ) -> Addition:
        """Writes entries, and the keys that were ``stated`` for all files, unless one is refused.

        ``ConfigError`` where universe or mapping cannot be edited.
        """
        outcomes = list(_refused(inspections))
        entries: dict[str, Instrument] = {}
        wanted = list(_by_series(inspections))
        for each in wanted:
            before = entries.get(each.symbol) or self.tracked.get(each.symbol)
            try:
                after = self._entry(before, each, named)
            except RegimeError as error:
                outcomes += each.outcomes(REFUSED, str(error))
                continue
            outcomes += each.outcomes(_status(before, after))
            entries[each.symbol] = after
        outcomes += [FileOutcome(str(path), SKIPPED) for path in named.others]
        if any(outcome.status == REFUSED for outcome in outcomes):
            kept = (REFUSED, SKIPPED)
            return Addition(
                tuple(
                    each if each.status in kept else replace(each, status=CLEAR)
                    for each in outcomes
                )
            )
        keys = {
            FileSeries(path, each.symbol, each.timeframe): {
                key: value for key, value in stated.items() if key not in each.unused.get(path, ())
            }
            for each in wanted
            for path in each.paths
        }
        mappings = mapping_edits_for(keys, self._others())
        changed = [entry for entry in entries.values() if entry != self.tracked.get(entry.symbol)]
        edit = universe_edits.put(self._settings, changed, dry_run=True)
        if not dry_run:  # mappings first: they alone change nothing that is read
            for mapping in mappings:
                mapping.write()
            edit = universe_edits.put(self._settings, changed) if changed else edit
        written = tuple(mapping.path for mapping in mappings)
        return Addition(tuple(outcomes), tuple(entries), written, edit)

    def _entry(self, before: Instrument | None, wanted: _Wanted, named: NamedFiles) -> Instrument:
        """The entry of a symbol with the files of a series."""
        self._require_one(before, wanted)
        files, timeframe = self._files(before), wanted.timeframe
        there = find_files(self._root, before, timeframe) if before and timeframe in files else ()
        new = [path for path in wanted.paths if path not in there]
        if before and not new:
            return before
        files = {**files, timeframe: (*files.get(timeframe, ()), *named.texts(new))}
        possible = [name for name in TIMEFRAMES if name in files or source_of(name, files)]
        if before is None:
            return self._new(wanted, files, possible)
        expected = [name for name in TIMEFRAMES if name in (*before.timeframes, *possible)]
        own = before.own_timeframes if expected == [*before.timeframes] else tuple(expected)
        return before.changed(files=files, timeframes=own)

    def _new(
        self, wanted: _Wanted, files: Mapping[str, Sequence[str]], possible: Sequence[str]
    ) -> Instrument:
        series = wanted.series
        tier = self._tier or ("core" if any(map(is_intraday, possible)) else "daily")
        in_file = series.in_file if series.in_file.upper() != wanted.symbol else ""
        return parse_entry(
            {
                **series.symbol.fields,
                "name": series.symbol.written,
                "asset_class": series.asset_class,
                "tier": tier,
                "source": "files",
                "calendar": series.calendar,
                "provider_symbol": in_file,
                "timeframes": [] if tuple(possible) == TIERS.get(tier) else list(possible),
                "files": {name: list(paths) for name, paths in files.items()},
            }
        )

    def _require_one(self, before: Instrument | None, wanted: _Wanted) -> None:
        """Refuses files that may be of another series, or of another instrument."""
        symbol, timeframe, series = wanted.symbol, wanted.timeframe, wanted.series
        if before is None:
            self._require_own_bars(symbol)
        if before is not None and before.source != "files":
            raise UsageError(
                f"{symbol} comes from source {before.source}; give another symbol with --symbol, "
                f"or end that with `regime universe remove {symbol}`",
                code="symbol-taken",
            )
        if before is not None and (before.asset_class, before.calendar) != (
            *(series.asset_class, series.calendar),
        ):
            kind = " ".join(filter(None, (before.asset_class, before.calendar)))
            raise UsageError(
                f"{symbol} is tracked as {kind}; leave out --class and --calendar, give another "
                "symbol with --symbol, or change its entry",
                code="entry-contradicted",
            )
        files = self._files(before)
        there = find_files(self._root, before, timeframe) if before and timeframe in files else ()
        paths = dict.fromkeys((*there, *wanted.paths))
        if len(paths) > max(1, len(there)) and not self._is_one_series:
            raise UsageError(
                f"{symbol} {timeframe} has {len(paths)} files, "
                f"{listed([path.name for path in paths])}: with --one-series they are parts of "
                "one series; else add them one by one, each with another --symbol",
                code="several-files",
            )

    def _require_own_bars(self, symbol: str) -> None:
        """Refuses a new symbol whose folder has bars of another source."""
        paths = DataRoot(self._settings.root_folder).symbol(symbol)
        if others := stored_sources(paths) - {"files"}:
            raise UsageError(
                f"{paths.folder} has bars of {symbol} from source {', '.join(sorted(others))}, "
                "which those of the files would continue; give another symbol with --symbol, or "
                f"move that folder away (to continue them: `regime universe add {symbol} "
                "--source files`)",
                code="other-source-stored",
            )

    def _files(self, before: Instrument | None) -> Mapping[str, tuple[str, ...]]:
        """The files of an entry, those of the symbol's folder where it names none."""
        if before is None or before.files:
            return before.files if before else {}
        try:
            there = timeframes_of_files(self._root, before)
            paths = {name: find_files(self._root, before, name) for name in there}
        except RegimeError:  # no folder, or several files of one name
            return {}
        assert self._root is not None
        return {
            name: tuple(str(path.relative_to(self._root)) for path in each)
            for name, each in paths.items()
        }

    def _others(self) -> Iterator[FileSeries]:
        """The series that are read from files now."""
        for entry in self.tracked.values():
            if entry.source != "files":
                continue
            try:
                for timeframe in timeframes_of_files(self._root, entry):
                    for path in find_files(self._root, entry, timeframe):
                        yield FileSeries(path, entry.symbol, timeframe)
            except RegimeError:  # it has no files that could be read otherwise
                continue


def _by_series(inspections: Sequence[Inspection]) -> Iterator[_Wanted]:
    """The series of the files that are clear, each with all of its files."""
    parts: dict[tuple[str, str], list[tuple[SeriesOfFile, Path]]] = {}
    unused = {each.path: each.unused for each in inspections if each.unused}
    for inspection in inspections:
        for series in inspection.series if inspection.is_clear else ():
            key = (series.symbol.name, inspection.timeframe)
            parts.setdefault(key, []).append((series, inspection.path))
    for (_, timeframe), each in parts.items():
        paths = tuple(path for _, path in each)
        yield _Wanted(each[0][0], timeframe, paths, unused)


def _refused(inspections: Sequence[Inspection]) -> Iterator[FileOutcome]:
    for inspection in inspections:
        if not inspection.is_clear:
            yield FileOutcome(
                str(inspection.path),
                REFUSED,
                reason=inspection.reason.removeprefix(f"{inspection.path}: "),
            )


def _status(before: Instrument | None, after: Instrument) -> str:
    if before is None:
        return ADDED
    return UNCHANGED if after == before else CHANGED
