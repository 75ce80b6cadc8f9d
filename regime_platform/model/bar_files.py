"""The files of an instrument, by the length of their bars: field ``files`` of its entry."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from regime_platform.model.document import Array
from regime_platform.model.timeframes import DURATION, known_bar_length
from regime_platform.model.universe.entry_faults import fault


def _listed(paths: object) -> object:
    return (paths,) if isinstance(paths, str) else paths


def _bar_lengths(files: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    named: dict[str, tuple[str, ...]] = {}
    for word, paths in files.items():
        timeframe = known_bar_length(word)
        if timeframe is None or timeframe in named:
            wrong = "is no length of bars" if timeframe is None else "stands twice"
            raise fault(
                "unknown-timeframe",
                f"files: {word!r} {wrong}; name each of {', '.join(DURATION)} at most once",
            )
        named[timeframe] = paths
        if not paths or not all(paths):
            raise fault("no-path", f"files: {word} has no path; give one, or leave it out")
    return {name: named[name] for name in DURATION if name in named}


def _plain(files: Mapping[str, tuple[str, ...]]) -> dict[str, str | list[str]]:
    return {name: paths[0] if len(paths) == 1 else list(paths) for name, paths in files.items()}


#: Length -> paths or patterns, shortest first; one path is written as it is, several as a list.
BarFiles = Annotated[
    Mapping[str, Annotated[Array[str], BeforeValidator(_listed)]],
    AfterValidator(_bar_lengths),
    PlainSerializer(_plain),
]
