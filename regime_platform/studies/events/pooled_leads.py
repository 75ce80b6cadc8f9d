"""The study `lead-time` across symbols."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from regime_platform.studies.across import pooled_view
from regime_platform.studies.events.claims import lead_claim, presence_claim
from regime_platform.studies.events.lead_tables import (
    LOOK_BACK,
    PAIRS,
    WARNED,
    late_alarms,
    lead_groups,
    look_back,
    presence_question,
    warned_note,
)
from regime_platform.studies.events.sample import Sample
from regime_platform.studies.events.signals import ALARMS
from regime_platform.studies.events.tables import EVENT, P_ADJUSTED, SIGNAL, WINDOWS, columns, table
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Column, Conclusion, StudyTable, SymbolStudy, Unit

_LEADS = (
    EVENT,
    SIGNAL,
    Column("events", "events", Unit.COUNT),
    WINDOWS,
    *columns(Unit.BARS, median="median", median_by_chance="by chance"),
    P_ADJUSTED,
)


def lead_counts(sample: Sample) -> Mapping[str, npt.NDArray[Any]]:
    """How often each lead occurs, before events and anywhere; bars on, and late alarms.

    Arrays (2, look-back + 3): bars without a lead, those with one of 1, 2, ... bars, the bars with
    the signal within the horizon before them, and in the first row the late alarms.
    """
    out = {}
    for pair in PAIRS:
        counts = np.zeros((2, look_back(sample) + 3), np.int64)
        present = presence_question(sample, *pair).groups()
        groups = zip(counts, lead_groups(sample, *pair), present, strict=True)
        for row, leads, bars_on in groups:
            row[:-2] = np.bincount(np.nan_to_num(leads).astype(np.int64), minlength=len(row) - 2)
            row[-2] = bars_on.sum()
        counts[0, -1] = late_alarms(sample, *pair)
        out[_key(*pair)] = counts
    return out


def pooled_leads(
    studies: Sequence[SymbolStudy], options: StudyOptions
) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """Tables and conclusions over the sums of all symbols."""
    claims = [claim(*pair) for claim in (presence_claim, lead_claim) for pair in PAIRS]
    symbols, conclusions = pooled_view(studies, claims, options)
    present, times = conclusions[: len(PAIRS)], conclusions[len(PAIRS) :]
    warned, lengths = [], []
    for pair, on, time in zip(PAIRS, present, times, strict=True):
        names = (pair[0], ALARMS[pair[1]].title)
        counts = np.sum([study.sums[_key(*pair)] for study in studies], axis=0)
        leads, late = counts[:, :-2], int(counts[0, -1])
        with np.errstate(invalid="ignore"):
            bars_on, none = (
                (each / leads.sum(axis=1)).tolist() for each in (counts[:, -2], leads[:, 0])
            )
        events = int(leads[0].sum())
        warned.append((*names, events, on.windows, *bars_on, on.p_adjusted, *none, late))
        medians = (_median(each[1:]) for each in leads)
        known = events - int(leads[0, 0])
        lengths.append((*names, known, time.windows, *medians, time.p_adjusted))
    note = warned_note(LOOK_BACK * options.horizon, options.horizon)
    stretches = "windows: stretches of the calendar with events."
    tables = (
        table(
            "warned",
            "Signals before events, all symbols",
            WARNED,
            warned,
            f"{note} {stretches}",
        ),
        table(
            "leads",
            "Lead of signals before events, all symbols",
            _LEADS,
            lengths,
            f"Of the last run. {stretches}",
        ),
        symbols,
    )
    return tables, conclusions


def _median(counts: npt.NDArray[np.int64]) -> float:
    """The lower median of leads of 1, 2, ... bars that occur so often; NaN where none does."""
    total = np.cumsum(counts)
    return float(np.searchsorted(total, total[-1] / 2) + 1) if total[-1] else float("nan")


def _key(kind: str, signal: str) -> str:
    return f"counts-{lead_claim(kind, signal).key}"
