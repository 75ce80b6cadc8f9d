"""Records the splits that a source declares for a symbol, as entries of actions.json."""

import datetime as dt

from regime_platform.bar_store.actions_file import ACTIONS, read_actions
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.model.actions import Action, ActionKind, with_added
from regime_platform.model.instruments import Instrument
from regime_platform.sources.protocol import Source, SplitSource


def record_splits(
    paths: SymbolPaths, source: Source, instrument: Instrument, now: dt.datetime
) -> str:
    """Records those of dates that have no entry yet; what was withdrawn stays withdrawn.

    Returns:
        What is new, for the outcome of the symbol; empty where nothing is.

    Raises:
        BarsError: actions.json is damaged.
    """
    if not isinstance(source, SplitSource):
        return ""
    dates = {entry.date for entry in read_actions(paths)}
    new = [
        Action(
            id=0,
            kind=ActionKind.SPLIT,
            date=split.date,
            ratio=split.ratio,
            reason=f"declared by source {source.name}",
            by=source.name,
            at=now,
            source=split.source,
        )
        for split in source.splits(instrument)
        if split.date not in dates
    ]
    if not new or ACTIONS.lost(paths):  # the promotion refuses what was lost
        return ""
    with writing(paths):
        entries = with_added(instrument.symbol, read_actions(paths), *new)
        ACTIONS.write(paths, entries)
    listed = ", ".join(map(str, entries[-len(new) :]))
    return f"{listed}, declared by the source: earlier bars are adjusted"
