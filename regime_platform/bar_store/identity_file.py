"""identity.json of a symbol: the instruments at their sources that the stored bars are of.

Written before the first bars of an instrument. Where it is missing, the record of it in the bar
manifest is used, else what raw files and bar manifest name; older raw files name no instrument.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.raw_file import file_origins
from regime_platform.bar_store.raw.raw_log import LEGACY, read_raw
from regime_platform.bar_store.records import Record
from regime_platform.bar_store.session import raw_listing
from regime_platform.errors import RegimeError
from regime_platform.files import read_json
from regime_platform.json_text import load_json
from regime_platform.model.document import Array, Document
from regime_platform.model.identity import Because, Identity, KnownIdentity, with_identity
from regime_platform.model.instants import iso
from regime_platform.model.instruments import SOURCE_FIELDS
from regime_platform.model.timeframes import DURATION


class _Identities(Document):
    identities: Array[KnownIdentity]


IDENTITIES = Record[KnownIdentity](
    name="identities",
    path=lambda paths: paths.identity,
    document=_Identities,
    key=lambda position, _: position,
    describe=lambda entry: str(entry.identity),
    follows=KnownIdentity.follows,
)


def read_identities(paths: SymbolPaths) -> tuple[KnownIdentity, ...]:
    """The instruments of the stored bars, the oldest first; none where they are not known.

    Raises:
        BarsError: the file, or a raw file that has to be read instead, is damaged.
    """
    if paths.identity.exists():
        return IDENTITIES.read(paths)
    return IDENTITIES.recorded(paths) or (_named_by_bars(paths) if has_bars(paths) else ())


def has_bars(paths: SymbolPaths) -> bool:
    """True where the raw log of any timeframe has a file."""
    return any(raw_listing(paths, timeframe).files for timeframe in DURATION)


def stored_sources(paths: SymbolPaths) -> frozenset[str]:
    """The sources that the stored bars came from; ``BarsError`` where a raw file is damaged."""
    if not paths.folder.exists():
        return frozenset()
    listings = [raw_listing(paths, timeframe) for timeframe in DURATION]
    return frozenset(
        source
        for listed in listings
        for (source,) in file_origins(listed.folder, listed.files, ("source",))
    )


def dated(paths: SymbolPaths, known: Sequence[KnownIdentity]) -> tuple[KnownIdentity, ...]:
    """``known`` with the first fetch of the raw log where no time is recorded."""
    if all(record.since for record in known):
        return tuple(known)
    first = min(_first_fetches(paths), default="")
    return tuple(record.model_copy(update={"since": record.since or first}) for record in known)


def _named_by_bars(paths: SymbolPaths) -> tuple[KnownIdentity, ...]:
    known: tuple[KnownIdentity, ...] = ()
    for identity in (*_of_raw_files(paths), *_of_manifest(paths)):
        record = KnownIdentity(identity=identity, since="", because=Because.STORED)
        known = with_identity(known, record)
    return known


def _of_raw_files(paths: SymbolPaths) -> Iterator[Identity]:
    for timeframe in DURATION:
        listed = raw_listing(paths, timeframe)
        fetched = [name for name in listed.files if not name.is_legacy]
        for source, text in file_origins(listed.folder, fetched, ("source", "instrument")):
            fields = load_json(text or "{}")
            if fields:
                yield Identity(source=source, **fields)


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
        yield Identity(source=source, **fields)


def _first_fetches(paths: SymbolPaths) -> Iterator[str]:
    for timeframe in DURATION:
        rows = read_raw(paths.raw(timeframe), None, ["fetched_at", "source"])
        fetched = rows.filter(~rows["source"].str.starts_with(LEGACY))["fetched_at"]
        if not fetched.is_empty():
            yield iso(fetched.to_list()[0])
