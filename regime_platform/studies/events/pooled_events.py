"""The study `events` across symbols: rates of all of them, and how many show each alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from regime_platform.studies.across import pooled_view
from regime_platform.studies.events.alarm_tables import warning_question
from regime_platform.studies.events.claims import detection_claim, rank_claim, warning_claim
from regime_platform.studies.events.detection import Detection
from regime_platform.studies.events.detection_tables import (
    RANK,
    Row,
    area_row,
    detection_question,
    detection_tables,
    rank_question,
    tested,
)
from regime_platform.studies.events.event_marks import EVENT_KINDS
from regime_platform.studies.events.fall_tables import fall_sums, pooled_falls
from regime_platform.studies.events.sample import Question, Sample
from regime_platform.studies.events.signals import HIGH, STATED
from regime_platform.studies.events.tables import table
from regime_platform.studies.inference.comparison import Claim
from regime_platform.studies.inference.correction import corrected
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, StudyTable, SymbolStudy


def pooled_questions(sample: Sample) -> list[Question]:
    """What is also asked of all symbols together, in the order of `_claims`."""
    return [
        *(detection_question(sample, *pair) for pair in _pairs()),
        *(rank_question(sample, kind) for kind in EVENT_KINDS),
        *(warning_question(sample, kind, HIGH) for kind in EVENT_KINDS),
    ]


def event_counts(sample: Sample) -> Mapping[str, npt.NDArray[Any]]:
    """What the tables of `pooled_events` need of a symbol."""
    questions = [detection_question(sample, *pair) for pair in _pairs()]
    counts = {_key(each.claim): _counts(each) for each in questions}
    return {**counts, "falls": fall_sums(sample)}


def pooled_events(
    studies: Sequence[SymbolStudy], options: StudyOptions
) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """Tables and conclusions over the sums of all symbols."""
    symbols, answers = pooled_view(studies, _claims(), options)
    conclusions = _limited(answers)
    pairs = len(_pairs())
    detected, ranked = conclusions[:pairs], conclusions[pairs : pairs + len(EVENT_KINDS)]
    note = (
        "Bars of all symbols. windows: stretches of the calendar with the signal or with events, "
        "the fewer. The interval is that of the difference within symbols."
    )
    tables = (
        *detection_tables(_detection_rows(studies, detected), note),
        table(
            "rank",
            "Escalation rank and events, all symbols",
            RANK,
            map(area_row, EVENT_KINDS, ranked),
            "AUC within symbols: 0.5 by chance. windows: stretches of the calendar with events.",
        ),
        pooled_falls([study.sums["falls"] for study in studies]),
        symbols,
    )
    return tables, conclusions


def _limited(conclusions: Sequence[Conclusion]) -> tuple[Conclusion, ...]:
    """No more windows than there are with events, which are those of the test of the rank.

    Corrected after that, since what has too few windows is not tested.
    """
    pairs = _pairs()
    events = dict(zip(EVENT_KINDS, conclusions[len(pairs) :], strict=False))
    limits = (events[kind].windows for kind, _signal in pairs)
    limited = [
        replace(each, windows=min(each.windows, limit))
        for each, limit in zip(conclusions, limits, strict=False)
    ]
    every = (*limited, *conclusions[len(pairs) :])
    return corrected([replace(each, p_adjusted=None) for each in every])


def _claims() -> list[Claim]:
    before = (warning_claim(kind, HIGH) for kind in EVENT_KINDS)
    detected = (detection_claim(*pair) for pair in _pairs())
    return [*detected, *map(rank_claim, EVENT_KINDS), *before]


def _pairs() -> list[tuple[str, str]]:
    return [(kind, signal) for kind in EVENT_KINDS for signal in STATED]


def _counts(question: Question) -> npt.NDArray[np.int64]:
    bars = question.usable & np.isfinite(question.outcome)
    counts = Detection.of(question.outcome[bars], question.mask[bars])
    return np.array(astuple(counts))


def _detection_rows(
    studies: Sequence[SymbolStudy], conclusions: Sequence[Conclusion]
) -> Iterator[tuple[tuple[str, str], Row]]:
    for pair, each in zip(_pairs(), conclusions, strict=True):
        key = _key(detection_claim(*pair))
        counts = Detection(*np.sum([study.sums[key] for study in studies], axis=0).tolist())
        yield pair, tested(counts, each)


def _key(claim: Claim) -> str:
    return f"counts {claim.key}"
