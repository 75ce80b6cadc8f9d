"""The falls of a series, each by itself: when HIGH came, and what was shown on the way down."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.studies.events.falls import CORRECTION, CRASH, Fall, falls, inside
from regime_platform.studies.events.sample import Sample
from regime_platform.studies.events.signals import (
    HIGH,
    STRESS,
    bars_since,
    run_starts,
)
from regime_platform.studies.events.tables import columns, table
from regime_platform.studies.outcomes import group_title
from regime_platform.studies.result import Column, StudyTable, Unit
from regime_platform.studies.series import Bools, Floats
from regime_platform.studies.symbol_study import open_at

_PEAK = Column("peak", "peak", Unit.DATE)
_FALLS = (
    _PEAK,
    Column("trough", "trough", Unit.DATE),
    Column("depth", "depth", Unit.PERCENT),
    Column("first_high", "first HIGH", Unit.DATE),
    *columns(Unit.COUNT, after_peak="from peak", before_trough="to trough"),
    Column("lost", "lost", Unit.PERCENT),
    Column("basis", "rank", Unit.TEXT),
    Column("end", "year's high", Unit.DATE),
)
_BUCKETS = (
    _PEAK,
    Column("highest", "highest rank", Unit.RATIO),
    *columns(Unit.PERCENT, high="HIGH", med="MED", low="LOW", na="no rank", immature="immature"),
)
_REGIMES = (
    _PEAK,
    Column("first_stress", "first shock or panic risk", Unit.DATE),
    *(Column(name.lower(), group_title(name), Unit.PERCENT) for name in REGIME_LABELS),
)
_OUTSIDE = (
    Column("falls", "falls of", Unit.PERCENT),
    Column("count", "falls", Unit.COUNT),
    Column("time_inside", "time in them", Unit.PERCENT),
    Column("runs", "HIGH runs", Unit.COUNT),
    Column("runs_inside", "begun in them", Unit.PERCENT),
    Column("false_a_year", "others a year", Unit.RATIO),
)
_POOLED = (
    Column("falls", "falls", Unit.TEXT),
    Column("count", "count", Unit.COUNT),
    *columns(Unit.PERCENT, before="HIGH before", after="only after", never="never"),
    Column("after_peak", "after peak", Unit.BARS),
    *columns(Unit.PERCENT, lost="lost by then", depth="depth"),
)
_NOTE = (
    "By closes, from the highest of a year until one is the highest of a year again. first "
    "HIGH: from {} bars before the peak to the trough, immature ranks too; from peak, to trough: "
    "its bars; lost: of the price until then."
)
_SHARES = "Shares of the bars after the peak."


def fall_tables(sample: Sample) -> tuple[StudyTable, ...]:
    """Crashes and corrections, what was shown in them, and the alarms outside."""
    series = sample.series
    every = falls(series.close, series.timeframe, CORRECTION)
    crashes = tuple(fall for fall in every if fall.depth <= -CRASH)
    others = tuple(fall for fall in every if fall.depth > -CRASH)
    note = _NOTE.format(sample.options.horizon) + _usual_wait(sample)
    buckets, regimes = partial(_buckets, sample), partial(_regimes, sample)
    outside = [
        _outside(sample, least, group) for least, group in ((CRASH, crashes), (CORRECTION, every))
    ]
    return (
        table("crashes", "Falls of a fifth or more", _FALLS, _falls(sample, crashes), note),
        table("corrections", "Falls of a tenth to a fifth", _FALLS, _falls(sample, others), note),
        table(
            "buckets",
            "Ranks from peak to trough",
            _BUCKETS,
            map(buckets, every),
            f"{_SHARES} immature: with a rank on too short a past.",
        ),
        table("regimes", "Regimes from peak to trough", _REGIMES, map(regimes, every), _SHARES),
        table(
            "outside",
            "HIGH runs in falls and outside",
            _OUTSIDE,
            outside,
            f"in them: from {sample.options.horizon} bars before the peak to the trough; only "
            "ranks that count.",
        ),
    )


def fall_sums(sample: Sample) -> Floats:
    """Per fall from a bar with a rank: depth, bars from peak to first HIGH, loss by then."""
    every = falls(sample.series.close, sample.series.timeframe, CORRECTION)
    ranked = [fall for fall in every if not np.isnan(sample.series.rank[fall.peak])]
    rows = [(fall.depth, *_first_high(sample, fall)) for fall in ranked]
    return np.array([(row[0], row[2], row[4]) for row in rows], np.float64).reshape(-1, 3)


def pooled_falls(sums: Sequence[Floats]) -> StudyTable:
    """The falls of all symbols."""
    every = np.concatenate(sums)
    crash = every[:, 0] <= -CRASH
    groups = (("a fifth or more", every[crash]), ("a tenth to a fifth", every[~crash]))
    rows = []
    for name, group in groups:
        depth, first, lost = group.T
        shares = [_share(each) for each in (first <= 0, first > 0, np.isnan(first))]
        medians = (_median(each) for each in (first, lost, depth))
        rows.append((name, len(group), *shares, *medians))
    note = (
        "HIGH before: from the horizon before the peak on; only after: until the trough; after "
        "peak, lost by then, depth: medians. Falls from a bar with a rank, immature ones too."
    )
    return table("falls", "First HIGH in falls, all symbols", _POOLED, rows, note)


def _share(mask: Bools) -> float:
    return float(mask.mean()) if len(mask) else float("nan")


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _usual_wait(sample: Sample) -> str:
    """What the bars from the peak to the first HIGH are to be compared with."""
    wait = _median(bars_since(sample.masks[HIGH][::-1])[::-1][sample.ranked])
    return "" if np.isnan(wait) else f" From any bar the next HIGH is {wait:.0f} away (median)."


def _falls(sample: Sample, group: tuple[Fall, ...]) -> Iterator[tuple[object, ...]]:
    for fall in group:
        begun = (_time(sample, fall.peak), _time(sample, fall.trough), fall.depth)
        end = None if fall.end is None else _time(sample, fall.end)
        yield (*begun, *_first_high(sample, fall), end)


def _first_high(sample: Sample, fall: Fall) -> tuple[object, ...]:
    series = sample.series
    start = max(fall.peak - sample.options.horizon, 0)
    on = np.flatnonzero(sample.masks[HIGH][start : fall.trough + 1])
    if not len(on):
        return (None, None, None, None, _basis(sample, slice(start, fall.trough + 1)))
    first = start + int(on[0])
    lost = float(series.close[first] / series.close[fall.peak] - 1) if first > fall.peak else 0.0
    basis = _basis(sample, slice(first, first + 1))
    return (_time(sample, first), first - fall.peak, fall.trough - first, lost, basis)


def _basis(sample: Sample, bars: slice) -> str:
    """Whether the ranks of some bars are all mature."""
    if np.isnan(sample.series.rank[bars]).all():
        return "none"
    return "immature" if sample.series.is_immature[bars].any() else "mature"


def _buckets(sample: Sample, fall: Fall) -> tuple[object, ...]:
    series, way = sample.series, _way(fall)
    shares = (
        float((series.bucket[way] == ESCALATION_BUCKETS.index(name)).mean())
        for name in ("HIGH", "MED", "LOW", "NA")
    )
    highest, immature = np.fmax.reduce(series.rank[way]), series.is_immature[way].mean()
    return (_time(sample, fall.peak), float(highest), *shares, float(immature))


def _regimes(sample: Sample, fall: Fall) -> tuple[object, ...]:
    way = _way(fall)
    stress = np.flatnonzero(sample.masks[STRESS][way])
    first = _time(sample, way.start + int(stress[0])) if len(stress) else None
    shown = sample.series.regime[way]
    shares = (float((shown == code).mean()) for code in range(len(REGIME_LABELS)))
    return (_time(sample, fall.peak), first, *shares)


def _way(fall: Fall) -> slice:
    """The bars after the peak, up to the trough."""
    return slice(fall.peak + 1, fall.trough + 1)


def _outside(sample: Sample, least: float, group: tuple[Fall, ...]) -> tuple[float, ...]:
    series, ranked = sample.series, sample.ranked
    near = inside(group, len(series), sample.options.horizon)
    starts = run_starts(sample.masks[HIGH]) & ranked
    years = (ranked & ~near).sum() / DEFAULT_PARAMS.at(series.timeframe).year_bars
    shares = (near[bars].mean() if bars.any() else np.nan for bars in (ranked, starts))
    time, begun = map(float, shares)
    rate = float((starts & ~near).sum() / years) if years else float("nan")
    return (least, len(group), time, int(starts.sum()), begun, rate)


def _time(sample: Sample, bar: int) -> object:
    return open_at(sample.series, bar)
