"""Whether the universe still names the instrument that a symbol's stored bars are of.

Asked before anything is fetched, promoted or described anew: bars of two companies in one series
make every number after them wrong. Symbols whose source names nothing (files, sample) cannot be
told apart here; their bars can, see ``validation.contradiction_rules``.
"""

import datetime as dt
from collections.abc import Mapping

from regime_platform.bar_store.identity_file import (
    RENAMED,
    STORED,
    dated,
    has_bars,
    read_identities,
    write_identities,
)
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.errors import OtherInstrumentError, RegimeError
from regime_platform.model.identity import (
    KnownIdentity,
    contradicted,
    identity_of,
    with_identity,
)
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import iso

_NOTHING: Mapping[str, str] = {}


def require_same_instrument(root: DataRoot, instrument: Instrument) -> None:
    """Nothing, where the stored bars can be of the instrument that the universe names.

    Raises:
        OtherInstrumentError: they are of another one; names both and the remedy.
        BarsError: what is known of them is damaged.
    """
    _checked(root.symbol(instrument.symbol), instrument, _NOTHING)


def other_instrument(root: DataRoot, instrument: Instrument) -> str:
    """Why a symbol is refused; empty where it is not."""
    try:
        require_same_instrument(root, instrument)
    except RegimeError as error:
        return str(error)
    return ""


def remembers(paths: SymbolPaths, instrument: Instrument, answered: Mapping[str, str]) -> bool:
    """True where identity.json says of an answer what ``remember`` would write.

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
    """Notes of which instrument the bars are that are about to be stored; hold the lock.

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
    """Notes that a renamed instrument is the one of the stored bars; hold the lock."""
    if not instrument.identity:
        return
    known = read_identities(paths)
    because = KnownIdentity(identity_of(instrument), at, RENAMED, reason=f"formerly {former}")
    after = with_identity(known, because) if known else known
    if after != known:
        write_identities(paths, dated(paths, after))


def _with(
    known: tuple[KnownIdentity, ...],
    instrument: Instrument,
    answered: Mapping[str, str],
    since: str,
) -> tuple[KnownIdentity, ...]:
    return with_identity(known, KnownIdentity(identity_of(instrument, answered), since, STORED))


def _checked(
    paths: SymbolPaths, instrument: Instrument, answered: Mapping[str, str]
) -> tuple[KnownIdentity, ...]:
    if not instrument.identity:
        return ()
    known = read_identities(paths)
    other = contradicted(known, instrument, answered)
    if other is None:
        return known
    if not has_bars(paths):  # nothing came of it, so the entry may be corrected
        return ()
    raise OtherInstrumentError(_refusal(dated(paths, [other])[0], instrument, answered))


def _refusal(other: KnownIdentity, instrument: Instrument, answered: Mapping[str, str]) -> str:
    symbol, meant = instrument.symbol, identity_of(instrument, answered)
    names = "the answer is of" if answered else "the universe names"
    since = f" (since {other.since})" if other.since else ""
    return (
        f"{symbol}: the stored bars are of {other.identity}{since}, {names} {meant}; nothing is "
        f"fetched or promoted until `regime universe repoint {symbol} --reason TEXT` says --same "
        "(one instrument) or --archive (another one: its bars start anew), or the entry in "
        "universe.yaml is put back"
    )
