"""The study `events`: did the signal mark the bars before shocks, and what did it show in falls?"""

from collections.abc import Mapping, Sequence

from regime_platform.studies.events.alarm_tables import false_alarms, missed_events
from regime_platform.studies.events.detection_tables import detection, periods, ranking
from regime_platform.studies.events.fall_tables import fall_tables
from regime_platform.studies.events.pooled_events import (
    event_counts,
    pooled_events,
    pooled_questions,
)
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
    parts = [part(sample) for part in (detection, ranking, false_alarms, missed_events, periods)]
    tables = [each for part in parts for each in part[0]]
    conclusions = [each for part in parts for each in part[1]]
    tables += fall_tables(sample)
    questions = pooled_questions(sample)
    return sample.study("events", tables, conclusions, questions, event_counts(sample))


def pooled(
    studies: Sequence[SymbolStudy], options: StudyOptions
) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """The signals and events of all symbols together."""
    return pooled_events(studies, options)
