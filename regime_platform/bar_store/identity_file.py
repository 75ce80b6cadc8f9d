"""identity.json of a symbol: the instruments at their sources that the stored bars are of.

Written before the first bars of an instrument are stored, and recorded in the bar manifest. Where
the file is missing, that record is used, else the instruments in the metadata of the raw files and
in the universe entry of the bar manifest; raw files of earlier releases name no instrument.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from regime_platform.bar_store.documents import read_document
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.parquet import damaged
from regime_platform.bar_store.raw.raw_file import read_rows
from regime_platform.bar_store.raw.raw_log import LEGACY, read_raw
from regime_platform.bar_store.recorded import recorded_of
from regime_platform.bar_store.session import raw_listing, read_once
from regime_platform.errors import BarsError, RegimeError
from regime_platform.files import read_json, write_json
from regime_platform.model.document import Array, Document
from regime_platform.model.identity import Because, Identity, KnownIdentity, with_identity
from regime_platform.model.instants import iso
from regime_platform.model.instruments import SOURCE_FIELDS
from regime_platform.model.timeframes import TIMEFRAMES

_NAMED = ("source", "instrument")


class _Identities(Document):
    """identity.json."""

    identities: Array[KnownIdentity]


_DOCUMENT = TypeAdapter(_Identities)


def read_identities(paths: SymbolPaths) -> tuple[KnownIdentity, ...]:
    """The instruments of the stored bars, the oldest first; none where they are not known.

    Raises:
        BarsError: the file, or a raw file that has to be read instead, is damaged.
    """
    if paths.identity.exists():
        return stored_identities(paths)
    return recorded_identities(paths) or (_named_by_bars(paths) if has_bars(paths) else ())


@read_once("identity")
def stored_identities(paths: SymbolPaths) -> tuple[KnownIdentity, ...]:
    """The instruments in the file; none where there is no file.

    Raises:
        BarsError: the file is damaged.
    """
    document = read_document(paths.identity, _DOCUMENT, "identity-damaged")
    return () if document is None else document.identities


def recorded_identities(paths: SymbolPaths) -> tuple[KnownIdentity, ...]:
    """The same as the bar manifest recorded it."""
    recorded = recorded_of(paths, "identities") or ()
    return _Identities.model_validate({"identities": recorded}).identities


def lost_identities(
    stored: Sequence[KnownIdentity], recorded: Sequence[KnownIdentity]
) -> list[KnownIdentity]:
    """Those of ``recorded`` that ``stored`` lacks at their position, or has with other contents."""
    return [
        record
        for position, record in enumerate(recorded)
        if position >= len(stored) or not stored[position].follows(record)
    ]


def restore_identities(paths: SymbolPaths) -> None:
    """Writes the file again from the bar manifest's record and later entries; hold the lock.

    Without a record a damaged file is removed, and the raw files are read instead.
    """
    try:
        stored = stored_identities(paths)
    except BarsError:
        stored = ()
    recorded = recorded_identities(paths)
    whole = [
        stored[position] if position < len(stored) and stored[position].follows(record) else record
        for position, record in enumerate(recorded)
    ]
    whole += stored[len(recorded) :]
    if whole:
        write_identities(paths, whole)
    else:
        paths.identity.unlink(missing_ok=True)


def write_identities(paths: SymbolPaths, known: Sequence[KnownIdentity]) -> None:
    """Replaces the instruments in the file by ``known``; hold the lock."""
    document = _Identities(identities=tuple(known))
    write_json(paths.identity, document.model_dump(mode="json"))
    stored_identities.written(paths, document.identities)


def has_bars(paths: SymbolPaths) -> bool:
    """True where the raw log of any timeframe has a file."""
    return any(raw_listing(paths, timeframe).files for timeframe in TIMEFRAMES)


def dated(paths: SymbolPaths, known: Sequence[KnownIdentity]) -> tuple[KnownIdentity, ...]:
    """``known`` with the time of the first fetch where no time is recorded, from the raw log.

    Raises:
        BarsError: a raw file is damaged.
    """
    if all(record.since for record in known):
        return tuple(known)
    first = min(_first_fetches(paths), default="")
    return tuple(record.model_copy(update={"since": record.since or first}) for record in known)


def _named_by_bars(paths: SymbolPaths) -> tuple[KnownIdentity, ...]:
    named = [*_of_raw_files(paths), *_of_manifest(paths)]
    known: tuple[KnownIdentity, ...] = ()
    for identity in named:
        known = with_identity(
            known, KnownIdentity(identity=identity, since="", because=Because.STORED)
        )
    return known


def _of_raw_files(paths: SymbolPaths) -> Iterator[Identity]:
    for timeframe in TIMEFRAMES:
        folder = paths.raw(timeframe)
        for name in raw_listing(paths, timeframe).files:
            if name.is_legacy:
                continue
            metadata = _metadata(folder / name.text)
            if b"replaces" in metadata:
                rows = read_rows(folder, name, _NAMED)
                columns = (rows[column].to_pylist() for column in _NAMED)
                named = list(dict.fromkeys(zip(*columns, strict=True)))
            else:
                named = [(metadata[b"source"].decode(), metadata.get(b"instrument", b"").decode())]
            for source, text in named:
                fields = json.loads(text or "{}")
                if fields:
                    yield Identity(source, fields)


def _metadata(path: Path) -> dict[bytes, bytes]:
    try:
        return pq.read_metadata(path).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise damaged(str(path), str(error)) from error


def _of_manifest(paths: SymbolPaths) -> Iterator[Identity]:
    """The universe entry by which bars were fetched, as the bar manifest recorded it."""
    try:
        document = read_json(paths.manifest) or {}
    except RegimeError:  # `regime verify` reports it, and a run writes it again
        return
    manifest: dict[str, Any] = document.get("manifest", {})
    entry = manifest.get("instrument", {})
    source = entry.get("source", "")
    fields = {name: entry[name] for name in SOURCE_FIELDS.get(source, ()) if name in entry}
    # bars that were only migrated were not fetched by that entry
    series = manifest.get("timeframes", {}).values()
    if fields and any(source in record.get("sources", [source]) for record in series):
        yield Identity(source, fields)


def _first_fetches(paths: SymbolPaths) -> Iterator[str]:
    for timeframe in TIMEFRAMES:
        rows = read_raw(paths.raw(timeframe), None, ["fetched_at", "source"])
        fetched = rows.filter(~rows["source"].str.starts_with(LEGACY))["fetched_at"]
        if not fetched.is_empty():
            yield iso(fetched.to_list()[0])
