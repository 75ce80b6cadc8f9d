"""How much of an effect rests on a few crises, on a single year, or on a part of the history."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regime_platform.studies.effects import EffectColumns
from regime_platform.studies.inference.comparison import Claim, compare_groups
from regime_platform.studies.inference.folds import folds_by_era, folds_by_split
from regime_platform.studies.leakage.sample import STUDIED, Sample, interval_columns
from regime_platform.studies.outcomes import ABS_MOVE
from regime_platform.studies.result import Column, Conclusion, StudyTable, Unit
from regime_platform.studies.series import Bools, Floats
from regime_platform.studies.symbol_study import open_at
from regime_platform.studies.tables import table_of

#: Windows whose largest move is in the top 5 % belong to a crisis.
_EVENT = 0.95
#: How many of the largest crises are left out.
LEFT_OUT = (1, 3, 5)
_NOTE = (
    "A crisis: event windows, those of the largest 5 % of moves, that touch each other. Without "
    "it: without every bar whose window reaches into it."
)

_MEANS = tuple(Column(each.key, each.short, Unit.POINTS) for each in STUDIED)


@dataclass(frozen=True)
class Crisis:
    """Event windows that touch each other; positions of bars that enter."""

    first: int  # the first bar with an event window
    last: int  # the last of them; its window ends ``horizon`` bars later
    largest: float  # move
    touched: Bools  # bars whose window reaches into it


CRISES_CLAIM = Claim(
    "without_crises",
    f"after HIGH the {ABS_MOVE.title} is {{direction}} also without the {max(LEFT_OUT)} largest "
    "crises",
    Unit.POINTS,
    ABS_MOVE.directions,
)


def crises(sample: Sample) -> tuple[Crisis, ...]:
    """The crises, largest move first."""
    at, moves = np.flatnonzero(sample.enters), sample.outcomes[ABS_MOVE]
    horizon = sample.options.horizon
    events = np.flatnonzero(moves >= np.quantile(moves, _EVENT))
    parts = np.split(events, np.flatnonzero(np.diff(at[events]) > horizon) + 1)
    clusters = []
    for part in parts:
        first, last = at[part[0]], at[part[-1]]
        touched = (at >= first - horizon) & (at <= last + horizon)
        clusters.append(Crisis(int(part[0]), int(part[-1]), float(moves[part].max()), touched))
    return tuple(sorted(clusters, key=lambda each: (-each.largest, each.first)))


def crises_tables(
    sample: Sample, largest: Sequence[Crisis], plain: Conclusion
) -> tuple[tuple[StudyTable, ...], Conclusion]:
    """What is left without crises and years, and whether it is without the five largest."""
    years = sample.series.ts[sample.enters].astype("datetime64[Y]")
    without_year = {str(year): years != year for year in np.unique(years)}
    by_year = _observed(sample, list(without_year.values()))
    left = by_year[ABS_MOVE.key] * (1 if plain.effect > 0 else -1)
    year = list(without_year)[int(np.argmin(np.where(np.isfinite(left), left, np.inf)))]
    kept = {"all bars": np.ones(len(years), bool)}
    for count in LEFT_OUT:
        title = "without the largest crisis" if count == 1 else f"without the {count} largest"
        kept[title] = ~np.any([each.touched for each in largest[:count]], axis=0)
    kept[f"without {year}, which matters most"] = without_year[year]
    rows = sample.intervals_by_outcome(_columns(sample, list(kept.values())), list(kept))
    tables = (
        table_of("crises", "Without the largest crises", interval_columns("Bars"), rows, _NOTE),
        _list_table(sample, largest[: max(LEFT_OUT)]),
        table_of(
            "jackknife",
            "Without single years",
            (Column("year", "Without", Unit.TEXT), *_MEANS),
            [
                {"year": name, **{each: by_year[each][k] for each in by_year}}
                for k, name in enumerate(without_year)
            ],
            is_detail=True,
        ),
    )
    calm = list(kept.values())[len(LEFT_OUT)]
    return tables, _without_crises(sample, calm)


def parts_table(sample: Sample) -> StudyTable:
    """The effect before and after the split, if there is one, and in every era."""
    options = sample.options
    folds = list(folds_by_era(sample.series, options.horizon))
    if options.split is not None:
        folds[:0] = folds_by_split(sample.series, options.split, options.horizon)
    kept = {fold.name: fold.mask[sample.enters] for fold in folds}
    columns = interval_columns("Part")
    effects = _columns(sample, list(kept.values())) if kept else None
    rows = [] if effects is None else sample.intervals_by_outcome(effects, list(kept))
    note = "No window reaches from one part into another."
    title = "HIGH against the rest, in parts"
    return table_of("parts", title, columns, rows, note, is_detail=options.split is None)


def _columns(sample: Sample, kept: Sequence[Bools]) -> EffectColumns:
    """Every outcome on every set of bars, outcome by outcome."""
    values = [sample.outcomes[each] for each in STUDIED for _ in kept]
    return EffectColumns(np.stack(values, axis=1), np.stack([*kept] * len(STUDIED), axis=1))


def _observed(sample: Sample, kept: Sequence[Bools]) -> dict[str, Floats]:
    effects = _columns(sample, kept).observed(sample.signal).effect
    return dict(zip((each.key for each in STUDIED), effects.reshape(len(STUDIED), -1), strict=True))


def _list_table(sample: Sample, largest: Sequence[Crisis]) -> StudyTable:
    positions = np.flatnonzero(sample.enters)
    rows = [
        {
            "first": open_at(sample.series, int(positions[each.first])),
            "last": open_at(sample.series, int(positions[each.last]) + sample.options.horizon),
            "largest": each.largest,
            "bars": int(each.touched.sum()),
            "high": float(sample.signal[each.touched].mean()),
        }
        for each in largest
    ]
    columns = (
        Column("first", "From", Unit.DATE),
        Column("last", "To", Unit.DATE),
        Column("largest", "Largest move", Unit.PERCENT),
        Column("bars", "Bars", Unit.COUNT),
        Column("high", "HIGH", Unit.PERCENT),
    )
    return table_of("crisis_list", "The largest crises", columns, rows, is_detail=True)


def _without_crises(sample: Sample, calm: Bools) -> Conclusion:
    values = np.where(calm, sample.outcomes[ABS_MOVE], np.nan)
    return compare_groups(
        sample.on_series(values),
        sample.signal_on_series(),
        CRISES_CLAIM,
        sample.options,
        *sample.names,
    )
