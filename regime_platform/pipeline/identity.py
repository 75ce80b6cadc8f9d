"""Checks that the universe still names the instrument that a symbol's stored bars are of.

Bars of two companies in one series make every number after them wrong. Sources that name no
instruments cannot be checked here; their bars are compared, see ``revisions.contradictions``.
"""

import datetime as dt
from collections.abc import Mapping

from regime_platform.bar_store.identity_file import IDENTITIES, dated, has_bars, read_identities
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import OtherInstrumentError, RegimeError
from regime_platform.model.identity import (
    Because,
    KnownIdentity,
    contradicted,
    identity_of,
    with_identity,
)
from regime_platform.model.instants import iso
from regime_platform.model.instruments import Instrument


def require_same_instrument(paths: SymbolPaths, instrument: Instrument) -> None:
    """Refuses a symbol whose stored bars are of another instrument than the universe names.

    Raises:
        OtherInstrumentError: names both instruments and the remedy.
        BarsError: what is known of the stored bars is damaged.
    """
    _checked(paths, instrument, {})


def other_instrument(paths: SymbolPaths, instrument: Instrument) -> str:
    """Why a symbol is refused; empty where it is not."""
    try:
        require_same_instrument(paths, instrument)
    except RegimeError as error:
        return str(error)
    return ""


def remembers(paths: SymbolPaths, instrument: Instrument, answered: Mapping[str, str]) -> bool:
    """True where identity.json has what ``remember`` would write for an answer."""
    return _unrecorded(paths, instrument, answered, since="") is None


def remember(
    paths: SymbolPaths, instrument: Instrument, answered: Mapping[str, str], now: dt.datetime
) -> None:
    """Records the instrument of the bars that are about to be stored; hold the lock.

    `OtherInstrumentError` where the answer is of another one than the stored bars.
    """
    after = _unrecorded(paths, instrument, answered, since=iso(now))
    if after is not None:
        IDENTITIES.write(paths, dated(paths, after))


def remember_rename(paths: SymbolPaths, instrument: Instrument, former: str, at: str) -> None:
    """Records that a renamed instrument is that of the stored bars; hold the lock."""
    known = read_identities(paths) if instrument.identity else ()
    renamed = KnownIdentity(
        identity=identity_of(instrument),
        since=at,
        because=Because.RENAMED,
        reason=f"formerly {former}",
    )
    after = with_identity(known, renamed) if known else known
    if after != known:
        IDENTITIES.write(paths, dated(paths, after))


def _unrecorded(
    paths: SymbolPaths, instrument: Instrument, answered: Mapping[str, str], since: str
) -> tuple[KnownIdentity, ...] | None:
    """What identity.json is to have; None where it has that, or names no instrument."""
    if not instrument.identity:
        return None
    known = _checked(paths, instrument, answered)
    identity = identity_of(instrument, answered)
    stored = KnownIdentity(identity=identity, since=since, because=Because.STORED)
    after = with_identity(known, stored)
    return None if after == known and paths.identity.exists() else after


def _checked(
    paths: SymbolPaths, instrument: Instrument, answered: Mapping[str, str]
) -> tuple[KnownIdentity, ...]:
    known = read_identities(paths) if instrument.identity else ()
    other = contradicted(known, instrument, answered)
    if other is None:
        return known
    if not has_bars(paths):  # no bars were stored, so the entry may be corrected
        return ()
    symbol, stored = instrument.symbol, dated(paths, [other])[0]
    since = f" (since {stored.since})" if stored.since else ""
    names = "the answer is of" if answered else "the universe names"
    raise OtherInstrumentError(
        f"{symbol}: the stored bars are of {stored.identity}{since}, {names} "
        f"{identity_of(instrument, answered)}; nothing is fetched or promoted until "
        f"`regime universe repoint {symbol} --reason TEXT` says --same (one instrument) or "
        "--archive (another one: its bars start from scratch), or the entry in universe.yaml is "
        "put back"
    )
