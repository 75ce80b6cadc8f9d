"""From which sources the raw files of a series came, and on what price basis they were served.

Told by the footers of the files alone; of files that an earlier manifest names, by that manifest.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.bars.parquet import damaged
from regime_platform.bars.raw_file import read_rows
from regime_platform.bars.raw_names import RawName, listing, parsed

_TOLD = ("source", "price_basis")


def origins(
    folder: Path, judged: Sequence[str], known: Mapping[str, Any] | None
) -> dict[str, list[str]]:
    """``sources`` and ``price_basis`` of the files ``judged``, wherever their rows lie now.

    Args:
        folder: the raw log of one series.
        judged: the names of its files when it was judged.
        known: what an earlier manifest says of the series: these two and its ``raw_files``.

    Raises:
        BarsError: a file is damaged; names it.
    """
    told = known or {}
    before = {
        "sources": set(told.get("sources", ())),
        "price_basis": set(told.get("price_basis", ())),
    }
    named = set(told.get("raw_files", ())) if before["sources"] else set()
    if not named.issubset(judged):
        named, before = set(), {"sources": set(), "price_basis": set()}
    for source, basis in _of_files(folder, _holding(folder, set(judged) - named)):
        before["sources"].add(source)
        before["price_basis"].add(basis)
    return {name: sorted(values) for name, values in before.items()}


def _holding(folder: Path, names: Collection[str]) -> list[RawName]:
    """The files of today that hold what files of these names held."""
    wanted = [one for one in map(parsed, names) if one is not None]
    if not wanted:
        return []
    return [
        live
        for live in listing(folder)[0]
        if any(live == one or live.supersedes(one) for one in wanted)
    ]


def _of_files(folder: Path, names: Sequence[RawName]) -> Iterator[tuple[str, str]]:
    for name in names:
        path = folder / name.text
        try:
            facts = pq.read_metadata(path).metadata or {}
        except (pa.ArrowException, OSError) as error:
            raise damaged(str(path), str(error)) from error
        if b"source" in facts:
            yield facts[b"source"].decode(), facts[b"price_basis"].decode()
        else:
            pairs = read_rows(folder, name, _TOLD)
            yield from set(zip(*(pairs[one].to_pylist() for one in _TOLD), strict=True))
