"""Checks that the universe still names the instrument that a symbol's stored bars are of.

Checked before anything is fetched, promoted or described: bars of two companies in one series make
every number after them wrong. Sources that name no instruments (files, sample) cannot be checked
here; their bars are compared, see ``revisions.contradictions``.
"""

import datetime as dt
from collections.abc import Mapping

from regime_platform.bar_store.identity_file import (
    dated,
    has_bars,
    read_identities,
    write_identities,
)
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

_NOTHING: Mapping[str, str] = {}


def require_same_instrument(paths: SymbolPaths, instrument: Instrument) -> None:
    """Refuses a symbol whose stored bars are of another instrument than the universe names.

    Raises:
        OtherInstrumentError: they are; names both instruments and the remedy.
        BarsError: what is known of the stored bars is damaged.
    """
    _checked(paths, instrument, _NOTHING)


def other_instrument(paths: SymbolPaths, instrument: Instrument) -> str:
    """Why a symbol is refused; empty where it is not."""
    try:
        require_same_instrument(paths, instrument)
    except RegimeError as error:
        return str(error)
    return ""


def remembers(paths: SymbolPaths, instrument: Instrument, answered: Mapping[str, str]) -> bool:
    """True where identity.json has what ``remember`` would write for an answer.

    Raises:
        OtherInstrumentError: the answer is of another instrument than the stored bars.
    """
    if not instrument.identity:
        return True
    known = _checked(paths, instrument, answered)
    return paths.identity.exists() and _with(known, instrument, answered, "") == known


def remember(
    paths: SymbolPaths, instrument: Instrument, answered: Mapping[str, str], now: dt.datetime
) -> None:
    """Records the instrument of the bars that are about to be stored; hold the lock.

    Raises:
        OtherInstrumentError: the answer is of another instrument than the stored bars.
    """
    if not instrument.identity:
        return
    known = _checked(paths, instrument, answered)
    after = _with(known, instrument, answered, iso(now))
    if after != known or not paths.identity.exists():
        write_identities(paths, dated(paths, after))


def remember_rename(paths: SymbolPaths, instrument: Instrument, former: str, at: str) -> None:
    """Records that a renamed instrument is that of the stored bars; hold the lock."""
    if not instrument.identity:
        return
    known = read_identities(paths)
    because = KnownIdentity(
        identity=identity_of(instrument),
        since=at,
        because=Because.RENAMED,
        reason=f"formerly {former}",
    )
    after = with_identity(known, because) if known else known
    if after != known:
        write_identities(paths, dated(paths, after))


def _with(
    known: tuple[KnownIdentity, ...],
    instrument: Instrument,
    answered: Mapping[str, str],
    since: str,
) -> tuple[KnownIdentity, ...]:
    identity = identity_of(instrument, answered)
    record = KnownIdentity(identity=identity, since=since, because=Because.STORED)
    return with_identity(known, record)


def _checked(
    paths: SymbolPaths, instrument: Instrument, answered: Mapping[str, str]
) -> tuple[KnownIdentity, ...]:
    if not instrument.identity:
        return ()
    known = read_identities(paths)
    other = contradicted(known, instrument, answered)
    if other is None:
        return known
    if not has_bars(paths):  # no bars were stored, so the entry may be corrected
        return ()
    raise OtherInstrumentError(_refusal(dated(paths, [other])[0], instrument, answered))


def _refusal(other: KnownIdentity, instrument: Instrument, answered: Mapping[str, str]) -> str:
    symbol, named = instrument.symbol, identity_of(instrument, answered)
    names = "the answer is of" if answered else "the universe names"
    since = f" (since {other.since})" if other.since else ""
    return (
        f"{symbol}: the stored bars are of {other.identity}{since}, {names} {named}; nothing is "
        f"fetched or promoted until `regime universe repoint {symbol} --reason TEXT` says --same "
        "(one instrument) or --archive (another one: its bars start from scratch), or the entry in "
        "universe.yaml is put back"
    )
