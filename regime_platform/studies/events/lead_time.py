"""The study `lead-time`: bars from the first HIGH of a run to the event, against chance."""

from collections.abc import Mapping, Sequence

from regime_platform.studies.events.lead_classes import lead_classes
from regime_platform.studies.events.lead_tables import (
    PAIRS,
    event_list,
    lead_question,
    lead_times,
    presence_question,
    runs,
)
from regime_platform.studies.events.pooled_leads import lead_counts, pooled_leads
from regime_platform.studies.events.sample import Sample
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, StudyTable, SymbolStudy
from regime_platform.studies.series import StudySeries


def of(
    series: StudySeries, others: Mapping[str, StudySeries], options: StudyOptions
) -> SymbolStudy:
    """The study of one symbol; other timeframes do not enter."""
    del others
    sample = Sample.of(series, options)
    tables, conclusions = lead_times(sample)
    tables = (*tables, runs(sample), lead_classes(sample), event_list(sample))
    questions = [ask(sample, *pair) for ask in (presence_question, lead_question) for pair in PAIRS]
    return sample.study("lead-time", tables, conclusions, questions, lead_counts(sample))


def pooled(
    studies: Sequence[SymbolStudy], options: StudyOptions
) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """The events of all symbols together."""
    return pooled_leads(studies, options)
