"""Writes keys into the mapping.yaml of files, so that no other series is read otherwise."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from regime_platform.errors import ConfigError
from regime_platform.files import write_text
from regime_platform.model.yaml_text import (
    YamlTextError,
    applied,
    flow_text,
    load_yaml,
    load_yaml_nodes,
    mapping_edits,
)
from regime_platform.regular_files import read_text
from regime_platform.sources.files.finding import is_bar_file
from regime_platform.sources.files.mapping import (
    AS_NAMED,
    MAPPING_FILE,
    SECTIONS,
    FileMapping,
    read_mapping,
)

#: Keys of mapping.yaml and their values.
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class FileSeries:
    """A file and the series that its rows are of."""

    path: Path
    symbol: str
    timeframe: str

    def mapping(self) -> FileMapping:
        """What is stated about it now."""
        return self.of(read_mapping(self.path.parent))

    def of(self, mapping: FileMapping) -> FileMapping:
        """What a mapping states about it."""
        return _plain(mapping.for_series(self.timeframe, self.symbol))


@dataclass(frozen=True)
class MappingEdit:
    """A mapping.yaml and the text that it gets."""

    path: Path
    text: str

    def write(self) -> None:
        """Writes it; ``ConfigError`` where the folder does not allow it."""
        try:
            write_text(self.path, self.text)
        except OSError as error:
            raise ConfigError(
                f"{self.path} cannot be written ({error.strerror}); make {self.path.parent} "
                "writable, or copy the files to a folder of your own and add them there",
                code="mapping-not-writable",
            ) from error


def mapping_edits_for(
    stated: Mapping[FileSeries, Settings], others: Iterable[FileSeries]
) -> list[MappingEdit]:
    """The texts that state keys of series, and leave ``others`` read as they are.

    ``ConfigError`` where no section of a mapping is of these series alone.
    """
    by_file: dict[Path, dict[FileSeries, Settings]] = {}
    for each, settings in stated.items():
        by_file.setdefault(_target(each.path.parent), {})[each] = settings
    by_file = {path: own for path, own in by_file.items() if any(own.values())}
    kept = {each: each.mapping() for each in (others if by_file else ()) if each not in stated}
    edits = []
    for path, own in by_file.items():
        before = read_text(path) if path.exists() else ""
        text = _stated(path, before, own, kept)
        if text != before:
            edits.append(MappingEdit(path, text))
    return edits


def _plain(mapping: FileMapping) -> FileMapping:
    """What a mapping states, to be compared."""
    return replace(mapping, origin="", timeframes={}, symbols={})


def _target(folder: Path) -> Path:
    """The mapping in force in a folder, else the one that it would have."""
    return Path(read_mapping(folder).origin or folder / MAPPING_FILE)


def _stated(
    path: Path,
    before: str,
    own: Mapping[FileSeries, Settings],
    others: Mapping[FileSeries, FileMapping],
) -> str:
    wanted = {
        each: _plain(each.mapping().stating(settings, str(path))) for each, settings in own.items()
    }
    is_under = _reach(path)
    near = {each: mapping for each, mapping in others.items() if is_under(each.path.parent)}
    first, *rest = own.values()
    are_alone = not (before or _has_others(path.parent, own)) and all(
        each == first for each in rest
    )
    needed = [(each, settings) for each, settings in own.items() if settings]
    for document in (
        {},  # as it is stated already
        first if are_alone else {},
        {"symbols": _united((each.symbol, settings) for each, settings in needed)},
        {"timeframes": _united((each.timeframe, settings) for each, settings in needed)},
    ):
        text = _with(path, before, document) if document else before
        after = AS_NAMED.stating(load_yaml(text) or {}, str(path))
        if all(each.of(after) == mapping for each, mapping in {**wanted, **near}.items()):
            return text
    listed = ", ".join(f"{each.symbol} {each.timeframe}" for each in own)
    keys = ", ".join(dict.fromkeys(key for settings in own.values() for key in settings))
    raise ConfigError(
        f"{path} cannot state {keys} of {listed} alone: other series are read by "
        "it; move these files to a folder of their own and add them there",
        code="mapping-shared",
    )


def _united(stated: Iterable[tuple[str, Settings]]) -> dict[str, Settings]:
    """Section -> all that is stated of it."""
    united: dict[str, Settings] = {}
    for name, settings in stated:
        own = deepcopy(settings)  # else YAML names what they share, and repeats the name
        united[name] = {**united.get(name, {}), **own}
    return united


def _has_others(folder: Path, own: Iterable[FileSeries]) -> bool:
    """Whether a mapping in a folder would be in force for other files of bars, tracked or not."""
    paths = {each.path for each in own}
    below = (*folder.glob("*"), *folder.glob("*/*"))
    return any(is_bar_file(path) and path.is_file() and path not in paths for path in below)


def _reach(path: Path) -> Callable[[Path], bool]:
    """Whether a mapping would be in force in a folder."""

    def is_under(folder: Path) -> bool:
        return path.parent in (folder, folder.parent) and (
            folder == path.parent or not (folder / MAPPING_FILE).exists()
        )

    return is_under


def _with(path: Path, text: str, stated: Settings) -> str:
    """The text of a mapping with keys stated in it or in its sections; comments stay."""
    root, document = load_yaml_nodes(text)
    before = document or {}
    after = _merged(before, stated, depth=3)
    if isinstance(root, yaml.MappingNode) and root.value:
        new = applied(text, mapping_edits(text, root, before, after))
    else:
        lines = "".join(f"{name}: {flow_text(value)}\n" for name, value in after.items())
        new = text + ("" if not text or text.endswith("\n") else "\n") + lines
    try:
        is_right = load_yaml(new) == after
    except YamlTextError:
        is_right = False
    if not is_right:
        raise ConfigError(
            f"{path} is written in a way that a command cannot edit safely; state "
            f"{flow_text(dict(stated))} in it by hand",
            code="mapping-not-editable",
        )
    return new


def _merged(before: Settings, stated: Settings, depth: int) -> dict[str, Any]:
    """``before`` with what is stated in it; values of keys are replaced as a whole."""
    merged = {**before, **stated}
    for name in SECTIONS if depth == 3 else stated if depth == 2 else ():
        if name in stated:
            merged[name] = _merged(before.get(name) or {}, stated[name], depth - 1)
    return merged
