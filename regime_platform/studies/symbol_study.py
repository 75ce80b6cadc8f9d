"""The answer of a symbol from its tables and conclusions."""

import datetime as dt
from collections.abc import Sequence

from regime_platform.studies.across import Compared, pooled_sums
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import left_out
from regime_platform.studies.result import Conclusion, StudyTable, SymbolStudy
from regime_platform.studies.series import StudySeries


def open_at(series: StudySeries, position: int) -> dt.datetime:
    """The open of a bar, aware."""
    moment: dt.datetime = series.ts[position].astype("datetime64[us]").item()
    return moment.replace(tzinfo=dt.UTC)


def symbol_study(  # noqa: PLR0913 - the parts of an answer
    study: str,
    series: StudySeries,
    options: StudyOptions,
    *,
    tables: Sequence[StudyTable],
    conclusions: Sequence[Conclusion],
    compared: Sequence[Compared],
    notes: Sequence[str] = (),
) -> SymbolStudy:
    """The answer; ``compared`` is what is also compared across symbols."""
    return SymbolStudy(
        study,
        series.symbol,
        series.timeframe,
        open_at(series, 0),
        open_at(series, -1),
        len(series),
        left_out(series, include_immature=options.include_immature),
        tuple(tables),
        tuple(conclusions),
        pooled_sums(series, compared, options),
        tuple(notes),
    )
