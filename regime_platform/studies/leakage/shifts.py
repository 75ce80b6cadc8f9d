"""The effect with the signal delayed, and advanced: what it would be if known earlier or later."""

from regime_platform.studies.leakage.edges import shifted
from regime_platform.studies.leakage.sample import SHIFTS, STUDIED, Sample, interval_columns
from regime_platform.studies.result import StudyTable
from regime_platform.studies.tables import table_of

_NOTE = (
    "An effect that is gone with a delay of one bar could not have been used. A signal that is "
    "advanced looks ahead: this is how large the effect of a leak would look. "
    "Placebos: the share of shuffled signals with an effect at least as large. All are of the "
    "same bars, which leaves out those near either end."
)


def shifts_table(sample: Sample) -> StudyTable:
    """A row per shift; a signal delayed by d bars stands beside the window that begins d later."""
    columns = sample.shifted_columns(
        [
            shifted(outcome.of(sample.series, sample.options.horizon), shift)
            for outcome in STUDIED
            for shift in SHIFTS
        ]
    )
    rows = sample.intervals_by_outcome(columns, [_words(shift) for shift in SHIFTS])
    title = "HIGH against the rest, signal shifted"
    return table_of("shifts", title, interval_columns("Signal"), rows, _NOTE)


def _words(shift: int) -> str:
    bars = "1 bar" if abs(shift) == 1 else f"{abs(shift)} bars"
    if shift == 0:
        return "as it is"
    return f"{bars} later" if shift > 0 else f"{bars} earlier"
