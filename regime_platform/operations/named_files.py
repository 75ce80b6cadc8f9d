"""The files that the words of a command name, and their inspection in several processes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from regime_platform.errors import UsageError
from regime_platform.sources.files.finding import is_bar_file, is_pattern, matching
from regime_platform.sources.files.inspection import Inspection, inspect_file
from regime_platform.sources.files.kinds import FileRequest
from regime_platform.workers import map_in_processes

#: With fewer files for each, starting processes takes longer than it saves.
WORTH_A_PROCESS = 40


@dataclass(frozen=True)
class NamedFiles:
    """Files, and how they were named."""

    paths: tuple[Path, ...]
    patterns: Mapping[str, frozenset[Path]] = field(default_factory=dict)  # and what matches each
    others: tuple[Path, ...] = ()  # in folders: by their names no files of bars

    def texts(self, paths: Sequence[Path]) -> tuple[str, ...]:
        """What an entry names for these files: a pattern that matches no others, else the paths."""
        for pattern, matches in self.patterns.items():
            if len(paths) > 1 and matches == frozenset(paths):
                return (pattern,)
        return tuple(map(str, paths))


def named_files(words: Iterable[str]) -> NamedFiles:
    """The files that are named by path, by folder (with those below) or by pattern.

    ``UsageError`` where a word names none.
    """
    paths: dict[Path, None] = {}
    patterns: dict[str, frozenset[Path]] = {}
    others: list[Path] = []
    for word in words:
        path = Path(word).expanduser().absolute()
        if path.is_dir():
            files, rest = _within(path)
            others += rest
        elif path.exists() or not is_pattern(word):
            files = [path] if path.exists() else []
        else:
            files = matching(path)
            patterns[str(path)] = frozenset(files)
        if not files:
            message = f"{word}: no file of bars; give files, folders or patterns in quotes"
            raise UsageError(message, code="no-such-file")
        paths |= dict.fromkeys(files)
    return NamedFiles(tuple(paths), patterns, tuple(others))


def inspect_files(
    request: FileRequest, paths: Sequence[Path], workers: int
) -> Iterator[Inspection]:
    """One inspection per file, in order, each as soon as it and those before it are there."""
    workers = min(workers, len(paths) // WORTH_A_PROCESS)
    return map_in_processes(workers, partial(inspect_file, request), paths, _died)


def _within(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files of bars below a folder, and the other ones, without those that are hidden."""
    below = sorted(path for path in folder.rglob("*") if path.is_file())
    shown = [
        path
        for path in below
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    files = [path for path in shown if is_bar_file(path)]
    return files, [path for path in shown if not is_bar_file(path) and path.name != "mapping.yaml"]


def _died(path: Path, reason: str) -> Inspection:
    return Inspection(path, problem=f"{path}: {reason}", code="process-died")
