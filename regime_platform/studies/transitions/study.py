"""The study: how states follow each other, and whether that is more than how often they occur."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from regime_platform.studies.across import Compared
from regime_platform.studies.inference.correction import corrected
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, StudyTable, SymbolStudy
from regime_platform.studies.series import Ints, StudySeries
from regime_platform.studies.symbol_study import symbol_study
from regime_platform.studies.transitions.counts import Runs, transition_counts
from regime_platform.studies.transitions.draws import Draws
from regime_platform.studies.transitions.flicker import flicker
from regime_platform.studies.transitions.guessing import Guesses, guessing
from regime_platform.studies.transitions.persistence import persistences
from regime_platform.studies.transitions.pooling import Sums, compared, count_sums, pooled
from regime_platform.studies.transitions.stability import stability
from regime_platform.studies.transitions.states import States, states_of
from regime_platform.studies.transitions.tables import (
    agreement_table,
    matrix_tables,
    period_table,
    persistence_table,
    survival_table,
    time_table,
)
from regime_platform.studies.transitions.timeframes import known_by, timeframe_agreement

__all__ = ["of", "pooled"]

Periods = Mapping[str, Ints]  # kind -> number of the period of each bar; negative: none


@dataclass(frozen=True)
class _Answer:
    """What one question gives."""

    tables: tuple[StudyTable, ...]
    conclusions: tuple[Conclusion, ...]
    compared: tuple[Compared, ...] = ()
    sums: Sums | None = None


def of(
    series: StudySeries, others: Mapping[str, StudySeries], options: StudyOptions
) -> SymbolStudy:
    """The study of one symbol; see `catalog.Study`.

    Conclusions are corrected over those of one kind: lasting states, stability, timeframes.
    """
    both = states_of(series, options)
    draws = Draws.of(series, both, options)
    periods = _periods(series, options)
    answers = [_following(states, draws) for states in both]
    answers.append(_stability(both, periods, draws))
    if others:
        answers.append(_agreement(series, others, both, draws))
    study = symbol_study(
        "transitions",
        series,
        options,
        tables=[table for each in answers for table in each.tables],
        conclusions=[conclusion for each in answers for conclusion in each.conclusions],
        compared=[each for answer in answers for each in answer.compared],
        notes=[f"Blocks of {draws.block:,} bars."],
    )
    sums = {name: array for each in answers for name, array in (each.sums or {}).items()}
    return replace(study, sums={**study.sums, **sums})


def _following(states: States, draws: Draws) -> _Answer:
    """What follows a state, and how long it lasts."""
    size, runs = len(states.names), Runs.of(states.codes)
    per_bar, per_run = (transition_counts(each, size) for each in (states.codes, runs.codes))
    lasting = persistences(states, draws)
    shown = corrected([each.conclusion for each in lasting])
    guesses = Guesses.of(states.codes, size)
    tables = (
        *matrix_tables(states, per_bar, per_run),
        time_table(states, per_bar),
        survival_table(states),
        persistence_table(states, lasting, shown),
    )
    return _Answer(
        tables,
        (*shown, guessing(states, guesses, draws), flicker(states, draws)),
        tuple(compared(states, lasting)),
        count_sums(states, per_bar, per_run),
    )


def _stability(both: tuple[States, ...], periods: Periods, draws: Draws) -> _Answer:
    """Whether the shares differ between eras, years, and the sides of a split, if several."""
    parts = [(states, kind, part) for states in both for kind, part in periods.items()]
    tables = (
        period_table(states, part, kind, is_detail=kind == "year") for states, kind, part in parts
    )
    conclusions = [
        stability(states, part, kind, draws)
        for states, kind, part in parts
        if len(np.unique(part[states.has_state & (part >= 0)])) > 1
    ]
    return _Answer(tuple(tables), corrected(conclusions))


def _agreement(
    series: StudySeries,
    others: Mapping[str, StudySeries],
    both: tuple[States, ...],
    draws: Draws,
) -> _Answer:
    agreements = [
        timeframe_agreement(timeframe, states, known_by(series, other, theirs.codes), draws)
        for timeframe, other in others.items()
        for states, theirs in zip(both, states_of(other, draws.options), strict=True)
    ]
    conclusions = corrected([each.conclusion for each in agreements])
    return _Answer((agreement_table(agreements, conclusions),), conclusions)


def _periods(series: StudySeries, options: StudyOptions) -> Periods:
    return dict(_named_periods(series, options))


def _named_periods(series: StudySeries, options: StudyOptions) -> Iterator[tuple[str, Ints]]:
    yield "era", series.era
    yield "year", series.ts.astype("datetime64[Y]").astype(np.int64) + 1970
    if options.split is not None:
        at = np.datetime64(int(options.split.timestamp()), "s")
        yield "sample", (series.ts >= at).astype(np.int64)
