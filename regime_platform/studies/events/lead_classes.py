"""How the leads before events are distributed, beside those before any bar."""

import numpy as np

from regime_platform.studies.events.lead_tables import PAIRS, lead_groups, look_back
from regime_platform.studies.events.sample import Sample
from regime_platform.studies.events.signals import ALARMS
from regime_platform.studies.events.tables import EVENT, SIGNAL, columns, table
from regime_platform.studies.result import Column, StudyTable, Unit
from regime_platform.studies.series import Floats, Ints

_COLUMNS = (
    EVENT,
    SIGNAL,
    Column("events", "events", Unit.COUNT),
    Column("lead", "bars before", Unit.TEXT),
    *columns(Unit.PERCENT, share="of events", by_chance="by chance"),
)


def lead_classes(sample: Sample) -> StudyTable:
    """The share of events by the lead of the last run before them, in quarters of the horizon."""
    width = -(-sample.options.horizon // 4)
    firsts = np.arange(1, look_back(sample) + 1, width)
    rows: list[tuple[str | float, ...]] = []
    for kind, signal in PAIRS:
        groups = lead_groups(sample, kind, signal)
        at_events, anywhere = (_shares(each, firsts) for each in groups)
        labels = [*(f"{first}-{first + width - 1}" for first in firsts), "none"]
        names = (kind, ALARMS[signal].title, len(groups[0]))
        rows += [(*names, *row) for row in zip(labels, at_events, anywhere, strict=True)]
    note = "Bars from the first bar of the last run to the event; by chance: to any bar."
    return table("lead_classes", "Leads by length", _COLUMNS, rows, note, is_detail=True)


def _shares(leads: Floats, firsts: Ints) -> list[float]:
    """Of each class, and of those without a lead, which are NaN; NaN where there are no leads."""
    classes = np.where(np.isnan(leads), len(firsts), np.searchsorted(firsts, leads, "right") - 1)
    counts = np.bincount(classes.astype(np.int64), minlength=len(firsts) + 1)
    shares: list[float] = (counts / (len(leads) or np.nan)).tolist()
    return shares
