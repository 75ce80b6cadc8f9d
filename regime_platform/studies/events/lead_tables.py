"""How long before events a signal came on, and how often only after they had warned."""

import numpy as np

from regime_platform.studies.events.alarm_tables import mean_of
from regime_platform.studies.events.claims import lead_claim, presence_claim
from regime_platform.studies.events.event_marks import EVENT_KINDS, Events
from regime_platform.studies.events.sample import Question, Sample
from regime_platform.studies.events.signals import (
    ALARMS,
    HIGH,
    STRESS,
    bars_since,
    run_starts,
    trailing_counts,
)
from regime_platform.studies.events.tables import (
    EVENT,
    P_ADJUSTED,
    SIGNAL,
    WINDOWS,
    columns,
    table,
)
from regime_platform.studies.inference.correction import corrected
from regime_platform.studies.result import Column, Conclusion, StudyTable, Unit
from regime_platform.studies.series import Bools, Floats
from regime_platform.studies.symbol_study import open_at

#: How far back from an event alarms are looked for, in horizons.
LOOK_BACK = 3
PAIRS = tuple((kind, signal) for kind in EVENT_KINDS for signal in ALARMS)

WARNED = (
    EVENT,
    SIGNAL,
    Column("events", "events", Unit.COUNT),
    WINDOWS,
    *columns(Unit.BARS, on="bars on", on_by_chance="chance"),
    P_ADJUSTED,
    *columns(Unit.PERCENT, none="none", none_by_chance="chance"),
    Column("late", "late", Unit.COUNT),
)
_LEADS = (
    EVENT,
    SIGNAL,
    Column("events", "events", Unit.COUNT),
    WINDOWS,
    *columns(Unit.BARS, quarter="25 %", median="median", three_quarters="75 %"),
    Column("median_by_chance", "by chance", Unit.BARS),
    P_ADJUSTED,
)
_RUNS = (
    EVENT,
    SIGNAL,
    Column("runs", "runs", Unit.COUNT),
    *columns(Unit.PERCENT, before="before", before_by_chance="by chance"),
    *columns(Unit.PERCENT, after="after", after_by_chance="by chance", neither="neither"),
)
_EVENTS = (
    EVENT,
    *columns(Unit.DATE, begins="begins", reached="reached"),
    Column("move", "move", Unit.PERCENT),
    Column("rank", "rank before", Unit.RATIO),
    *columns(Unit.BARS, high_lead="lead of HIGH", stress_lead="lead of shock or panic risk"),
)


def leads(sample: Sample, signal: str) -> Floats:
    """Per bar: bars from the last beginning of a run, at or before it, to the bar after it.

    NaN where none began within the look-back.
    """
    lead = bars_since(run_starts(sample.masks[signal])) + 1
    return np.where(lead <= look_back(sample), lead, np.nan)


def presence_question(sample: Sample, kind: str, signal: str) -> Question:
    """Is the signal on for more of the bars before events than of those before other bars?"""
    bars = trailing_counts(sample.masks[signal], sample.options.horizon).astype(np.float64)
    before, usable = sample.events[kind].before, sample.has_past(look_back(sample))
    return Question(presence_claim(kind, signal), bars, before, usable)


def lead_question(sample: Sample, kind: str, signal: str) -> Question:
    """Did the last run before events begin earlier than that before other bars?"""
    before, usable = sample.events[kind].before, sample.has_past(look_back(sample))
    return Question(lead_claim(kind, signal), leads(sample, signal), before, usable)


def lead_times(sample: Sample) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """Whether signals began before the events of every kind, and how long before."""
    questions = [presence_question(sample, *pair) for pair in PAIRS]
    present = corrected([sample.ask(question) for question in questions])
    times = corrected([sample.ask(lead_question(sample, *pair)) for pair in PAIRS])
    warned, lengths = [], []
    for pair, question, on, time in zip(PAIRS, questions, present, times, strict=True):
        names = (pair[0], ALARMS[pair[1]].title)
        at_events, anywhere = lead_groups(sample, *pair)
        bars_on = (mean_of(each) for each in question.groups())
        none = (mean_of(np.isnan(each)) for each in (at_events, anywhere))
        counts = (len(at_events), on.windows, *bars_on, on.p_adjusted, *none)
        warned.append((*names, *counts, late_alarms(sample, *pair)))
        known = at_events[~np.isnan(at_events)]
        spread = (*_quantiles(known, 0.25, 0.5, 0.75), *_quantiles(anywhere, 0.5))
        lengths.append((*names, len(known), time.windows, *spread, time.p_adjusted))
    bars, horizon = look_back(sample), sample.options.horizon
    tables = (
        table("warned", "Signals before events", WARNED, warned, warned_note(bars, horizon)),
        table(
            "leads",
            "Lead of signals before events",
            _LEADS,
            lengths,
            "Bars from the first bar of the last run to the first bar of the event, where one "
            f"began in the {bars} bars before; by chance: the median of any bar.",
        ),
    )
    return tables, (*present, *times)


def warned_note(bars: int, horizon: int) -> str:
    """What the columns of ``WARNED`` are, for a look-back of so many bars."""
    return (
        f"bars on: with the signal in the {horizon} bars before an event, on average. none: events "
        f"without a run that began in the {bars} bars before; late: of those, events with one in "
        f"the {horizon} bars from their first on. chance: of any bar."
    )


def runs(sample: Sample) -> StudyTable:
    """The runs of a signal that began before events, and after them."""
    rows = []
    for kind, signal in PAIRS:
        before, after = _neighbourhood(sample.events[kind], sample.options.horizon)
        starts = run_starts(sample.masks[signal]) & sample.usable
        shares = [
            mean_of(near[bars]) for near in (before, after) for bars in (starts, sample.usable)
        ]
        neither = mean_of(~(before | after)[starts])
        rows.append((kind, ALARMS[signal].title, int(starts.sum()), *shares, neither))
    note = (
        "before, after: runs that began within the horizon before the first bar of an event, or "
        "from it on; a run may be both. What begins after an event is no warning of it."
    )
    return table("runs", "Runs before and after events", _RUNS, rows, note)


def event_list(sample: Sample) -> StudyTable:
    """All events, oldest first within their kind."""
    series, rows = sample.series, []
    lead = {signal: leads(sample, signal) for signal in ALARMS}
    for kind, events in sample.events.items():
        for begins, reached in zip(events.begins, events.reached, strict=True):
            known = begins - 1
            move = float(series.close[reached] / series.close[known] - 1)
            times = (open_at(series, begins), open_at(series, reached))
            before = (float(at[known]) for at in (series.rank, lead[HIGH], lead[STRESS]))
            rows.append((kind, *times, move, *before))
    note = "Also those without a rank that counts. move: to the close of the bar that reached it."
    return table("events", "Events", _EVENTS, rows, note, is_detail=True)


def look_back(sample: Sample) -> int:
    return LOOK_BACK * sample.options.horizon


def lead_groups(sample: Sample, kind: str, signal: str) -> tuple[Floats, Floats]:
    """`leads` at the bars before events, and at all bars with ranks over the look-back."""
    lead, usable = leads(sample, signal), sample.has_past(look_back(sample))
    return lead[sample.events[kind].before & usable], lead[usable]


def _quantiles(values: Floats, *shares: float) -> tuple[float, ...]:
    known = values[~np.isnan(values)]
    return tuple(np.quantile(known, shares).tolist() if len(known) else [np.nan] * len(shares))


def late_alarms(sample: Sample, kind: str, signal: str) -> int:
    """Events without a run that began in time, and with one soon after their begin."""
    horizon = sample.options.horizon
    starts = np.append(run_starts(sample.masks[signal]), np.zeros(horizon, np.bool_))
    soon = trailing_counts(starts, horizon)[horizon:] > 0  # from the bar after it on
    before = sample.events[kind].before & sample.has_past(look_back(sample))
    return int((before & np.isnan(leads(sample, signal)) & soon).sum())


def _neighbourhood(events: Events, horizon: int) -> tuple[Bools, Bools]:
    """Bars of which an event begins within the next bars, or began within the last ones."""
    first = np.zeros(len(events.follows) + horizon, np.bool_)
    first[events.begins] = True
    counts = trailing_counts(first, horizon) > 0
    return counts[horizon:], counts[: len(events.follows)]
