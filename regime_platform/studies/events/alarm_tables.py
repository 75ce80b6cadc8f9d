"""Runs of a signal as alarms: how many were false, and how many events came without any."""

from collections.abc import Callable

import numpy as np

from regime_platform.studies.events.claims import alarm_claim, warning_claim
from regime_platform.studies.events.sample import Question, Sample
from regime_platform.studies.events.signals import ALARMS, HIGH, run_starts, trailing_counts
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

_FALSE = (
    EVENT,
    SIGNAL,
    Column("runs", "runs", Unit.COUNT),
    WINDOWS,
    *columns(Unit.PERCENT, false_share="false alarms", false_by_chance="by chance"),
    P_ADJUSTED,
)
_MISSED = (
    EVENT,
    SIGNAL,
    Column("events", "events", Unit.COUNT),
    WINDOWS,
    *columns(Unit.PERCENT, missed_share="missed", missed_by_chance="by chance"),
    P_ADJUSTED,
)


def alarm_question(sample: Sample, kind: str, signal: str) -> Question:
    """Do events follow the first bar of a run more often than other bars?"""
    outcome, starts = sample.events[kind].follows, run_starts(sample.masks[signal])
    claim = alarm_claim(kind, signal)
    return Question(claim, outcome, starts, sample.usable, outcome == 1.0)


def warning_question(sample: Sample, kind: str, signal: str) -> Question:
    """Is the signal on before events begin more often than before other bars?"""
    horizon = sample.options.horizon
    warned = trailing_counts(sample.masks[signal], horizon) > 0
    before = sample.events[kind].before
    return Question(warning_claim(kind, signal), warned.astype(np.float64), before, sample.usable)


def false_alarms(sample: Sample) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """How many runs of a signal no event follows within the horizon of their first bar."""
    note = (
        "false alarms: runs whose first bar no event follows within the horizon; by chance: all "
        "bars that none follows."
    )
    rows, stated = _shares(sample, alarm_question)
    return (table("false_alarms", "False alarms", _FALSE, rows, note),), stated


def missed_events(sample: Sample) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """How many events begin without the signal within the horizon before."""
    note = (
        "missed: events without the signal within the horizon before they begin; by chance: all "
        "bars without. Events closer than the horizon are one."
    )
    rows, stated = _shares(sample, warning_question)
    return (table("missed", "Missed events", _MISSED, rows, note),), stated


def _shares(
    sample: Sample, ask: Callable[[Sample, str, str], Question]
) -> tuple[list[tuple[object, ...]], tuple[Conclusion, ...]]:
    """Rows of cases, windows, and the share without the outcome, there and anywhere.

    With them the conclusions of HIGH.
    """
    pairs = [(kind, key) for kind in sample.events for key in ALARMS]
    questions = [ask(sample, *pair) for pair in pairs]
    conclusions = corrected([sample.ask(question) for question in questions])
    rows: list[tuple[object, ...]] = []
    stated = []
    for (kind, key), question, each in zip(pairs, questions, conclusions, strict=True):
        cases, anywhere = question.groups()
        shares = (1 - mean_of(cases), 1 - mean_of(anywhere))
        rows.append((kind, ALARMS[key].title, len(cases), each.windows, *shares, each.p_adjusted))
        if key == HIGH:
            stated.append(each)
    return rows, tuple(stated)


def mean_of(values: np.ndarray) -> float:
    """The mean; NaN of nothing."""
    return float(values.mean()) if len(values) else float("nan")
