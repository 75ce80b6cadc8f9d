"""Pictures of a study that need the bars themselves: falls one by one, and growth."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.report.picture.shapes import Values
from regime_platform.report.study.figure import Figure
from regime_platform.report.study.lines import Growth, growths
from regime_platform.report.study.strip import Fall, Moment, strip
from regime_platform.studies.allocation.exposure import RULES
from regime_platform.studies.allocation.paths import Path, Steps, pairs
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import SymbolStudy
from regime_platform.studies.series import StudySeries, Times

#: Studies whose page has such pictures.
DRAWN = ("events", "allocation")
_MOST_FALLS = 10
_FALLS = ("crashes", "corrections")
_AROUND = 40  # bars before the peak, and after the trough


def series_figures(
    study: SymbolStudy, series: StudySeries, options: StudyOptions
) -> Iterator[Figure]:
    """The pictures of a symbol, from the bars that it was studied on."""
    if study.study == "events":
        yield from _falls(study, series)
    elif study.study == "allocation" and study.tables:
        yield from _growth(study, series, options)


def _growth(study: SymbolStudy, series: StudySeries, options: StudyOptions) -> Iterator[Figure]:
    start = int(np.searchsorted(series.ts, _naive(study.first)))
    steps = Steps.of(series.part(start, None), RULES, options)
    opens = _times(series.ts[start:])
    hold = Growth("hold", _wealth(steps.hold(options.cost_bps)))
    for pair in pairs(steps, options.cost_bps):
        lines = (
            Growth(f"exposure {pair.rule.title}", _wealth(pair.path)),
            hold,
            Growth("its mean exposure at all times", _wealth(pair.constant)),
        )
        title = f"Exposure {pair.rule.title}: growth and drawdown after costs"
        yield Figure(title, partial(growths, title, opens, lines))


def _wealth(path: Path) -> Values:
    return np.concatenate([[1.0], np.cumprod(1 + path.returns)])


def _falls(study: SymbolStudy, series: StudySeries) -> Iterator[Figure]:
    """The deepest falls, oldest first."""
    tables = [table.rows for table in study.tables if table.key in _FALLS]
    rows = pl.concat(tables).sort("depth").head(_MOST_FALLS).sort("peak") if tables else None
    for row in () if rows is None else rows.iter_rows(named=True):
        title = f"{row['peak']:%Y-%m-%d}: {100 * row['depth']:.0f} %"
        yield Figure(f"Fall from {title}", partial(strip, _fall(title, row, series)))


def _fall(name: str, row: Mapping[str, Any], series: StudySeries) -> Fall:
    named = {"peak": row["peak"], "first HIGH": row["first_high"], "trough": row["trough"]}
    places = {
        name: int(np.searchsorted(series.ts, _naive(moment)))
        for name, moment in named.items()
        if moment is not None
    }
    first = max(min(places.values()) - _AROUND, 0)
    part = series.part(first, places["trough"] + _AROUND + 1)
    return Fall(
        name=f"Fall from {name}",
        opens=_times(part.ts),
        close=part.close,
        buckets=[ESCALATION_BUCKETS[code] for code in part.bucket.tolist()],
        regimes=[REGIME_LABELS[code] if code >= 0 else "" for code in part.regime.tolist()],
        moments=[
            Moment(place - first, name)
            for name, place in sorted(places.items(), key=lambda item: item[1])
        ],
    )


def _naive(moment: dt.datetime) -> np.datetime64:
    return np.datetime64(moment.astimezone(dt.UTC).replace(tzinfo=None), "us")


def _times(ts: Times) -> Sequence[dt.datetime]:
    return [each.replace(tzinfo=dt.UTC) for each in ts.astype("datetime64[us]").tolist()]
