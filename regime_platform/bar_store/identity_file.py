"""identity.json of a symbol: of which instruments at their sources the stored bars are.

Written before the first bars of an instrument are stored, and recorded in the bar manifest. Where
it is missing, that record counts, or what the metadata of the raw files and the entry in the
manifest name; files of earlier releases name no instrument.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.parquet import damaged
from regime_platform.bar_store.raw.raw_file import read_rows
from regime_platform.bar_store.raw.raw_log import LEGACY, read_raw
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.bar_store.recorded import recorded_of
from regime_platform.errors import BarsError, RegimeError
from regime_platform.files import read_json, write_json
from regime_platform.model.identity import Identity, KnownIdentity, with_identity
from regime_platform.model.instruments import SOURCE_FIELDS
from regime_platform.model.series import iso
from regime_platform.model.timeframes import TIMEFRAMES

STORED, RENAMED, SAME = "stored", "renamed", "same"  # why an instrument is known
_NAMED = ("source", "instrument")


def read_identities(paths: SymbolPaths) -> tuple[KnownIdentity, ...]:
    """The instruments of the stored bars, the oldest first; none where that is not known.

    Raises:
        BarsError: the file, or a raw file that has to be asked instead, is damaged.
    """
    if paths.identity.exists():
        return stored_identities(paths)
    return recorded_identities(paths) or (_named_by_bars(paths) if has_bars(paths) else ())


def stored_identities(paths: SymbolPaths) -> tuple[KnownIdentity, ...]:
    """What the file names; none where there is no file.

    Raises:
        BarsError: the file is damaged.
    """
    try:
        facts = read_json(paths.identity)
        listed = [] if facts is None else facts["identities"]
        return tuple(KnownIdentity.from_facts(record) for record in listed)
    except (AttributeError, KeyError, TypeError, ValueError, RegimeError) as error:
        raise BarsError(
            f"{paths.identity} names no instruments ({error!r}); "
            f"`regime repair {paths.symbol}` writes it anew",
            code="identity-damaged",
        ) from error


def recorded_identities(paths: SymbolPaths) -> tuple[KnownIdentity, ...]:
    """The same as the bar manifest recorded it."""
    recorded = recorded_of(paths, "identities") or ()
    return tuple(KnownIdentity.from_facts(record) for record in recorded)


def lost_identities(
    stored: Sequence[KnownIdentity], recorded: Sequence[KnownIdentity]
) -> list[KnownIdentity]:
    """Those of ``recorded`` that ``stored`` does not have in their places, or has otherwise."""
    return [
        record
        for place, record in enumerate(recorded)
        if place >= len(stored) or not stored[place].follows(record)
    ]


def restore_identities(paths: SymbolPaths) -> None:
    """Writes the file anew from what was recorded and what it has beside that; hold the lock.

    Without a record a damaged file is removed, and what the raw files name is looked up again.
    """
    try:
        stored = stored_identities(paths)
    except BarsError:
        stored = ()
    recorded = recorded_identities(paths)
    whole = [
        stored[place] if place < len(stored) and stored[place].follows(record) else record
        for place, record in enumerate(recorded)
    ]
    whole += stored[len(recorded) :]
    if whole:
        write_identities(paths, whole)
    else:
        paths.identity.unlink(missing_ok=True)


def write_identities(paths: SymbolPaths, known: Sequence[KnownIdentity]) -> None:
    """Puts ``known`` in place of what was known; hold the lock."""
    write_json(paths.identity, {"identities": [record.facts() for record in known]})


def has_bars(paths: SymbolPaths) -> bool:
    """True where the raw log of any timeframe has a file."""
    return any(list_raw(paths.raw(timeframe)).files for timeframe in TIMEFRAMES)


def dated(paths: SymbolPaths, known: Sequence[KnownIdentity]) -> tuple[KnownIdentity, ...]:
    """``known`` with the first fetch of all where no time is recorded; reads the raw log then.

    Raises:
        BarsError: a raw file is damaged.
    """
    if all(record.since for record in known):
        return tuple(known)
    first = min(_first_fetches(paths), default="")
    return tuple(replace(record, since=record.since or first) for record in known)


def _named_by_bars(paths: SymbolPaths) -> tuple[KnownIdentity, ...]:
    named = [*_of_raw_files(paths), *_of_manifest(paths)]
    known: tuple[KnownIdentity, ...] = ()
    for identity in named:
        known = with_identity(known, KnownIdentity(identity, "", STORED))
    return known


def _of_raw_files(paths: SymbolPaths) -> Iterator[Identity]:
    for timeframe in TIMEFRAMES:
        folder = paths.raw(timeframe)
        for name in list_raw(folder).files:
            if name.is_legacy:
                continue
            facts = _metadata(folder / name.text)
            if b"replaces" in facts:
                rows = read_rows(folder, name, _NAMED)
                columns = (rows[column].to_pylist() for column in _NAMED)
                named = list(dict.fromkeys(zip(*columns, strict=True)))
            else:
                named = [(facts[b"source"].decode(), facts.get(b"instrument", b"").decode())]
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
    """The entry of the universe by which bars were fetched, as the bar manifest keeps it."""
    try:
        document = read_json(paths.manifest) or {}
    except RegimeError:  # `regime verify` reports it, and a run writes it anew
        return
    facts: dict[str, Any] = document.get("manifest", {})
    entry = facts.get("instrument", {})
    source = entry.get("source", "")
    fields = {name: entry[name] for name in SOURCE_FIELDS.get(source, ()) if name in entry}
    # bars that were only migrated were not fetched by that entry
    series = facts.get("timeframes", {}).values()
    if fields and any(source in record.get("sources", [source]) for record in series):
        yield Identity(source, fields)


def _first_fetches(paths: SymbolPaths) -> Iterator[str]:
    for timeframe in TIMEFRAMES:
        rows = read_raw(paths.raw(timeframe), None, ["fetched_at", "source"])
        fetched = rows.filter(~rows["source"].str.starts_with(LEGACY))["fetched_at"]
        if not fetched.is_empty():
            yield iso(fetched.to_list()[0])
