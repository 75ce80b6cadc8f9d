"""Parts of a history that are looked at alone: by year, by era, before and after a split."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from regime_platform.studies.series import Bools, Ints, StudySeries


@dataclass(frozen=True)
class Fold:
    """A part of a series: the bars whose forward windows end within it."""

    name: str
    mask: Bools


def folds_by_year(series: StudySeries, horizon: int) -> tuple[Fold, ...]:
    """A fold for each calendar year (UTC) of the opens."""
    years = series.ts.astype("datetime64[Y]").astype(np.int64) + 1970
    return _folds(years, {int(year): str(year) for year in np.unique(years)}, horizon)


def folds_by_era(series: StudySeries, horizon: int) -> tuple[Fold, ...]:
    """A fold for each era; bars without an era belong to none."""
    eras = np.unique(series.era[series.era >= 0])
    return _folds(series.era, {int(era): f"era {era + 1}" for era in eras}, horizon)


def folds_by_split(series: StudySeries, split: dt.datetime, horizon: int) -> tuple[Fold, Fold]:
    """In sample, before ``split`` (aware), and out of sample, from it on."""
    at = np.datetime64(split.astimezone(dt.UTC).replace(tzinfo=None), "us")
    after = (series.ts >= at).astype(np.int64)
    inside, outside = _folds(after, {0: "in sample", 1: "out of sample"}, horizon)
    return inside, outside


def _folds(labels: Ints, names: dict[int, str], horizon: int) -> tuple[Fold, ...]:
    # a window that reaches into another part would be counted in both
    ends = np.full(len(labels), np.iinfo(np.int64).min)
    ends[: max(len(labels) - horizon, 0)] = labels[horizon:]
    return tuple(Fold(name, (labels == key) & (ends == key)) for key, name in names.items())
