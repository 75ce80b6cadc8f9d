"""From which sources the raw files of a series came, and on what price basis they were served.

Read from the footers of the files alone; for files that an earlier manifest names, from it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.bar_store.parquet import damaged
from regime_platform.bar_store.raw.raw_file import read_rows
from regime_platform.bar_store.raw.raw_names import RawListing, RawLog, RawName, list_raw, parsed

_COLUMNS = ("source", "price_basis")


def origins(
    log: RawLog, validated: Sequence[str], known: Mapping[str, Any] | None
) -> dict[str, list[str]]:
    """``sources`` and ``price_basis`` of the files ``validated``, wherever their rows lie now.

    Args:
        log: the raw log of one series.
        validated: the names of its files when it was validated.
        known: the series in an earlier manifest: these two and its ``raw_files``.

    Raises:
        BarsError: a file is damaged; names it.
    """
    earlier = known or {}
    sources, bases = set(earlier.get("sources", ())), set(earlier.get("price_basis", ()))
    covered = set(earlier.get("raw_files", ())) if sources else set()
    if not covered.issubset(validated):
        covered, sources, bases = set(), set(), set()
    missing = set(validated) - covered
    if missing:
        listed = list_raw(log)
        for source, basis in _of_files(listed.folder, _holding(listed, missing)):
            sources.add(source)
            bases.add(basis)
    return {"sources": sorted(sources), "price_basis": sorted(bases)}


def _holding(log: RawListing, names: Collection[str]) -> list[RawName]:
    """The files of today that hold what files of these names held."""
    wanted = [name for name in map(parsed, names) if name is not None]
    return [
        file for file in log.files if any(file == name or file.supersedes(name) for name in wanted)
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
            pairs = read_rows(folder, name, _COLUMNS)
            yield from set(zip(*(pairs[column].to_pylist() for column in _COLUMNS), strict=True))
