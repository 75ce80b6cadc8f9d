"""The sources of the raw files of a series, and the price basis on which they were served.

Read from the footers of the files alone; for files that an earlier manifest names, from it.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.bar_store.parquet import damaged
from regime_platform.bar_store.raw.raw_file import read_rows
from regime_platform.bar_store.raw.raw_names import RawListing, RawLog, RawName, list_raw, parsed
from regime_platform.manifests.bar_manifest import Origins, SeriesBars

_COLUMNS = ("source", "price_basis")


def origins(log: RawLog, validated: Sequence[str], known: SeriesBars | None) -> Origins:
    """The origins of the files ``validated``, of which some may have been compacted since.

    Args:
        log: the raw log of one series.
        validated: the names of its files when it was validated.
        known: the series in an earlier bar manifest, whose files are not opened again.

    Raises:
        BarsError: a file is damaged; names it.
    """
    covered: set[str] = set()
    sources: set[str] = set()
    bases: set[str] = set()
    if known is not None and known.sources and set(known.raw_files).issubset(validated):
        covered = set(known.raw_files)
        sources, bases = set(known.sources), set(known.price_basis)
    missing = set(validated) - covered
    if missing:
        listed = list_raw(log)
        for source, basis in _of_files(listed.folder, _holding(listed, missing)):
            sources.add(source)
            bases.add(basis)
    return Origins(tuple(sorted(sources)), tuple(sorted(bases)))


def _holding(log: RawListing, names: Collection[str]) -> list[RawName]:
    """The present files that have the rows of files of these names."""
    wanted = [name for name in map(parsed, names) if name is not None]
    return [
        file for file in log.files if any(file == name or file.supersedes(name) for name in wanted)
    ]


def _of_files(folder: Path, names: Sequence[RawName]) -> Iterator[tuple[str, str]]:
    for name in names:
        path = folder / name.text
        try:
            metadata = pq.read_metadata(path).metadata or {}
        except (pa.ArrowException, OSError) as error:
            raise damaged(str(path), str(error)) from error
        if b"source" in metadata:
            yield metadata[b"source"].decode(), metadata[b"price_basis"].decode()
        else:
            pairs = read_rows(folder, name, _COLUMNS)
            yield from set(zip(*(pairs[column].to_pylist() for column in _COLUMNS), strict=True))
