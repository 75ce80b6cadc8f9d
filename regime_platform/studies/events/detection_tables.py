"""How well each signal marks the bars that an event follows: tables and conclusions."""

from collections.abc import Iterable

import numpy as np

from regime_platform.studies.events.claims import detection_claim, rank_claim
from regime_platform.studies.events.detection import Detection, auc, rank_shares
from regime_platform.studies.events.sample import Question, Sample
from regime_platform.studies.events.signals import HIGH, SIGNALS, STATED
from regime_platform.studies.events.tables import (
    EVENT,
    P_ADJUSTED,
    SIGNAL,
    WINDOWS,
    columns,
    table,
)
from regime_platform.studies.inference.correction import corrected
from regime_platform.studies.inference.folds import (
    Fold,
    folds_by_era,
    folds_by_split,
    folds_by_year,
)
from regime_platform.studies.inference.windows import independent_windows
from regime_platform.studies.result import Column, Conclusion, StudyTable, Unit

Row = tuple[object, ...]
_BARS = Column("bars", "bars", Unit.COUNT)
_RATES = (
    *columns(Unit.PERCENT, precision="precision", base_rate="base", recall="recall"),
    *columns(Unit.RATIO, f1="F1", lift="lift"),
)
_TESTED = (_BARS, WINDOWS, *_RATES, *columns(Unit.RATIO, lift_low="low", lift_high="high"))
_DETECTION = (SIGNAL, *_TESTED, P_ADJUSTED)
#: Columns of a table of the rank against events.
RANK = (EVENT, WINDOWS, *columns(Unit.RATIO, auc="AUC", auc_low="low", auc_high="high"), P_ADJUSTED)
#: The name of the part after the split.
OUT_OF_SAMPLE = "out of sample"
_PERIOD = Column("period", "period", Unit.TEXT)
_PERIODS = (_PERIOD, EVENT, *_TESTED, P_ADJUSTED)
_YEARS = (_PERIOD, EVENT, _BARS, WINDOWS, *_RATES, Column("auc", "AUC", Unit.RATIO))


def detection_question(sample: Sample, kind: str, signal: str) -> Question:
    """Do events follow a signal more often than other bars?"""
    outcome, mask = sample.events[kind].follows, sample.masks[signal]
    claim = detection_claim(kind, signal)
    return Question(claim, outcome, mask, sample.usable, outcome == 1.0)


def rank_question(sample: Sample, kind: str) -> Question:
    """Is the rank higher before events than otherwise?"""
    shares = np.full(len(sample.series), np.nan)
    shares[sample.usable] = rank_shares(sample.series.rank[sample.usable])
    mask = sample.events[kind].follows == 1.0
    return Question(rank_claim(kind), shares, mask, sample.usable)


def detection(sample: Sample) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """Every signal against every kind of event, a table for each kind."""
    pairs = [(kind, key) for kind in sample.events for key in SIGNALS]
    questions = [detection_question(sample, *pair) for pair in pairs]
    conclusions = corrected([sample.ask(question) for question in questions])
    rows = [
        tested(_counts(question), each)
        for question, each in zip(questions, conclusions, strict=True)
    ]
    note = (
        "bars: with the signal. windows: independent ones with the signal or followed by an event, "
        "the fewer. precision: how many of the bars an event follows within the horizon; base: of "
        "all bars. lift: precision over base; its interval is that of the difference."
    )
    tables = detection_tables(zip(pairs, rows, strict=True), note)
    return tables, tuple(
        each for (_kind, key), each in zip(pairs, conclusions, strict=True) if key in STATED
    )


def detection_tables(
    rows: Iterable[tuple[tuple[str, str], Row]], note: str
) -> tuple[StudyTable, ...]:
    """A table for each kind of event from the rows of pairs of kind and signal."""
    by_kind: dict[str, list[Row]] = {}
    for (kind, key), row in rows:
        by_kind.setdefault(kind, []).append((SIGNALS[key].title, *row))
    return tuple(
        table(f"detection_{kind.replace(' ', '_')}", f"Signals and {kind}s", _DETECTION, part, note)
        for kind, part in by_kind.items()
    )


def ranking(sample: Sample) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """The rank against every kind of event, without a threshold."""
    conclusions = corrected([sample.ask(rank_question(sample, kind)) for kind in sample.events])
    note = (
        "AUC: how often a bar that an event follows ranks above one that none does; 0.5 by chance. "
        "windows: of bars that an event follows."
    )
    rows = map(area_row, sample.events, conclusions)
    return (table("rank", "Escalation rank and events", RANK, rows, note),), conclusions


def periods(sample: Sample) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """HIGH by year, by era, and before and after the split; the conclusions out of sample."""
    series, options = sample.series, sample.options
    folds: tuple[Fold, ...] = folds_by_era(series, options.horizon)
    if options.split is not None:
        folds = (*folds_by_split(series, options.split, options.horizon), *folds)
    asked = [(fold, kind) for fold in folds for kind in sample.events]
    questions = [_part_question(sample, kind, fold) for fold, kind in asked]
    conclusions = corrected([sample.ask(question) for question in questions])
    rows = [
        (fold.name, kind, *tested(_counts(question), each))
        for (fold, kind), question, each in zip(asked, questions, conclusions, strict=True)
        if question.usable.any()
    ]
    note = "bars: with HIGH. The thresholds of events are those known at the time."
    tables = (table("periods", "HIGH by era and split", _PERIODS, rows, note), _years(sample))
    return tables, tuple(each for each in conclusions if OUT_OF_SAMPLE in each.claim)


def tested(counts: Detection, conclusion: Conclusion) -> Row:
    """The values of a row of a test, after its names."""
    lifts = (counts.lift_at(end) for end in _interval(conclusion))
    return (counts.bars, conclusion.windows, *_rates(counts), *lifts, conclusion.p_adjusted)


def area_row(kind: str, conclusion: Conclusion) -> tuple[object, ...]:
    """A row of ``RANK``."""
    areas = (0.5 + each for each in (conclusion.effect, *_interval(conclusion)))
    return (kind, conclusion.windows, *areas, conclusion.p_adjusted)


def _interval(conclusion: Conclusion) -> tuple[float, float]:
    """Its ends; NaN on too few windows, where it would seem to say something."""
    is_too_few = conclusion.is_too_few
    return (np.nan, np.nan) if is_too_few else (conclusion.low, conclusion.high)


def _years(sample: Sample) -> StudyTable:
    rows, above, known = [], 0, 0
    for fold in folds_by_year(sample.series, sample.options.horizon):
        for kind in sample.events:
            question = _part_question(sample, kind, fold)
            bars, followed = question.usable, question.outcome[question.usable]
            counts = _counts(question)
            windows = independent_windows(question.mask & bars, sample.options.horizon)
            area = auc(sample.series.rank[bars], followed)
            if bars.any():
                rows.append((fold.name, kind, counts.bars, windows, *_rates(counts), area))
            known += counts.lift >= 0
            above += counts.lift > 1
    note = (
        f"bars: with HIGH. A year alone has too few windows to say anything; the lift is above 1 "
        f"in {above} of {known} rows that have HIGH and events."
    )
    return table("years", "HIGH by year", _YEARS, rows, note, is_detail=True)


def _part_question(sample: Sample, kind: str, part: Fold) -> Question:
    outcome, mask = sample.events[kind].follows, sample.masks[HIGH]
    claim = detection_claim(kind, HIGH, part.name)
    return Question(claim, outcome, mask, sample.usable & part.mask, outcome == 1.0)


def _counts(question: Question) -> Detection:
    return Detection.of(question.outcome[question.usable], question.mask[question.usable])


def _rates(counts: Detection) -> tuple[float, ...]:
    return (counts.precision, counts.base_rate, counts.recall, counts.f1, counts.lift)
