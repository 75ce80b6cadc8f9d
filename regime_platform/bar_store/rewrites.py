"""splits.json of a symbol: the splits that overlaps showed, with their evidence, and whether the
history was fetched anew since.

A split is noted before the page that shows it is stored. So a fetch that is killed in between sees
it again, and one killed later finds here what is still to be fetched: no series is left on two
price bases because a process ended.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.recorded import recorded_of
from regime_platform.errors import BarsError, RegimeError
from regime_platform.files import read_json, write_json
from regime_platform.model.series import iso
from regime_platform.revisions.splits import Split, ratio_text


@dataclass(frozen=True)
class Rewrite:
    """A split, and what has become of one timeframe since."""

    timeframe: str  # to be fetched anew
    ratio: str  # new shares for old ones, as 2:1
    seen_at: str  # ISO 8601 UTC
    seen_on: str  # the timeframe that showed it
    evidence: dict[str, Any]  # Split.facts
    refetched_at: str | None = None  # when the whole history had been served on the new basis


def read_rewrites(paths: SymbolPaths) -> tuple[Rewrite, ...]:
    """Every split noted so far, oldest first.

    Raises:
        BarsError: the file is damaged; names it.
    """
    try:
        facts = read_json(paths.splits)
        return () if facts is None else tuple(Rewrite(**split) for split in facts["splits"])
    except (KeyError, TypeError, RegimeError) as error:
        told = f"{paths.splits} is no list of splits ({error})"
        raise BarsError(
            f"{told}; `regime repair {paths.symbol}` writes it anew", code="splits-damaged"
        ) from error


def recorded_rewrites(paths: SymbolPaths) -> tuple[Rewrite, ...]:
    """The splits that the bar manifest recorded."""
    return tuple(Rewrite(**entry) for entry in recorded_of(paths, "splits") or ())


def lost_rewrites(stored: Iterable[Rewrite], recorded: Iterable[Rewrite]) -> tuple[Rewrite, ...]:
    """Those of ``recorded`` that ``stored`` lacks; there they may have been settled since."""
    states = [known for entry in stored for known in (entry, replace(entry, refetched_at=None))]
    return tuple(entry for entry in recorded if entry not in states)


def restore_rewrites(paths: SymbolPaths) -> None:
    """Writes the file anew from what was recorded and what it has beside that; hold the lock."""
    try:
        stored = read_rewrites(paths)
    except BarsError:
        stored = ()
    recorded = recorded_rewrites(paths)
    by_key = {(one.timeframe, one.ratio, one.seen_at): one for one in (*recorded, *stored)}
    missing = lost_rewrites(stored, recorded)
    by_key |= {(one.timeframe, one.ratio, one.seen_at): one for one in missing}
    if by_key:
        _write(paths, tuple(by_key.values()))
    else:
        paths.splits.unlink(missing_ok=True)


def pending(paths: SymbolPaths, timeframe: str) -> Rewrite | None:
    """The latest split after which the history of ``timeframe`` was not fetched anew yet."""
    waiting = [rewrite for rewrite in read_rewrites(paths) if _waits(rewrite, timeframe)]
    return waiting[-1] if waiting else None


def note(
    paths: SymbolPaths,
    timeframes: Iterable[str],
    split: Split,
    *,
    seen_on: str,
    seen_at: dt.datetime,
) -> None:
    """Keeps ``split`` and makes the refetch of ``timeframes`` pending; hold the lock.

    Call it before the page that shows the split is appended. Noting it twice is noting it once: a
    timeframe that already waits because of the same ratio waits once.
    """
    known = read_rewrites(paths)
    ratio = ratio_text(split.ratio)
    waiting = {one.timeframe for one in known if one.ratio == ratio and _waits(one, one.timeframe)}
    added = tuple(
        Rewrite(timeframe, ratio, iso(seen_at), seen_on, split.facts())
        for timeframe in timeframes
        if timeframe not in waiting
    )
    if added:
        _write(paths, known + added)


def settle(paths: SymbolPaths, timeframe: str, at: dt.datetime) -> None:
    """Says that the whole history of ``timeframe`` has been fetched since; hold the lock."""
    known = read_rewrites(paths)
    settled = tuple(
        replace(one, refetched_at=iso(at)) if _waits(one, timeframe) else one for one in known
    )
    if settled != known:
        _write(paths, settled)


def _waits(one: Rewrite, timeframe: str) -> bool:
    return one.timeframe == timeframe and one.refetched_at is None


def _write(paths: SymbolPaths, rewrites: tuple[Rewrite, ...]) -> None:
    write_json(paths.splits, {"splits": [asdict(rewrite) for rewrite in rewrites]})
