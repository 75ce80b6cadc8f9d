"""Where the microseconds of the engine go, by stage and by length of history."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import wraps
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl

from regime_platform.compute import engine, results
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute.metrics import metrics
from regime_platform.compute.percentiles import ranks_of
from regime_platform_tests.bench.figures import Figure, Scale, median_cost
from regime_platform_tests.builders import make_bars

TIMEFRAME = "15min"

#: Stage -> the function that is it, and what it means. A stage inside another is not counted twice.
_STAGES: tuple[tuple[str, Any, str, str], ...] = (
    ("metrics", engine, "compute_metrics", "primitives and all metrics but the key levels"),
    ("key_levels", metrics, "key_levels", "supports and resistances"),
    ("classify", engine, "classify", "regime label, tags, reasons"),
    ("components", engine, "escalation_series", "escalation components and their percentiles"),
    ("percentiles", engine, "escalation_columns", "percentiles of esc_raw, buckets"),
    ("labels", engine, "forward_labels", "forward returns and their grades"),
    ("frames", results, "columns_frame", "words, nulls and types of the tables"),
)
_REST = ("rest", "order check, columns to arrays")


class Stopwatch:
    """Seconds spent in each stage itself, without what it calls that is a stage too."""

    def __init__(self, clock: Callable[[], float] = time.process_time) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._clock = clock
        self._nested = [0.0]

    def around(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, with its time going to ``stage``."""

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._nested.append(0.0)
            began = self._clock()
            try:
                return function(*args, **kwargs)
            finally:
                whole = self._clock() - began
                self.spent[stage] += whole - self._nested.pop()
                self._nested[-1] += whole

        return timed


def stage_figures(scale: Scale) -> Iterator[Figure]:
    """Microseconds per bar at every size, in all and by stage; the stages add up to the whole."""
    totals = {}
    for label, size in scale.sizes.items():
        runs = scale.runs_of(size)
        per_run = [_split(size) for _ in range(runs)]
        medians = {stage: statistics.median(run[stage] for run in per_run) for stage in per_run[0]}
        totals[label] = medians["total"]
        name = f"us_per_bar_{label}"
        yield Figure(name, medians.pop("total"), "engine, every table of one series, CPU", runs)
        meanings = {stage: meaning for stage, _, _, meaning in _STAGES} | dict([_REST])
        for stage, value in medians.items():
            yield Figure(f"{name}_{stage}", value, f"of this: {meanings[stage]}", runs)
    growth = totals["200k"] / totals["5k"]
    yield Figure("us_per_bar_200k_over_5k", growth, "1 would be cost linear in bars", 0)


def percentile_figures(scale: Scale) -> Iterator[Figure]:
    """The percentile kernels by themselves on random values, the most ranks there can be."""
    values = np.random.default_rng(0).random(scale.largest)
    ranks = ranks_of(values)
    works: dict[str, tuple[Callable[[], object], str]] = {
        "sort": (lambda: ranks_of(values), "one sort into ranks, shared by all percentiles"),
        "expanding": (lambda: ranks.expanding(252), "one expanding percentile over these ranks"),
        "rolling_252": (lambda: ranks.rolling((252,)), "one rolling percentile, short window"),
        "rolling_2520": (lambda: ranks.rolling((2520,)), "one rolling percentile, long window"),
        "rolling_four": (
            lambda: ranks.rolling((252, 504, 1260, 2520)),
            "the four rolling percentiles of a daily series together",
        ),
    }
    for name, (work, meaning) in works.items():
        cost = median_cost(work, scale.runs)
        nanoseconds = 1e9 * cost.cpu / scale.largest
        yield Figure(f"percentile_{name}_ns_per_bar_200k", nanoseconds, meaning, scale.runs)


def _split(size: int) -> dict[str, float]:
    """Microseconds per bar of one run, by stage and in all."""
    bars = make_bars(size, timeframe=TIMEFRAME)
    watch = Stopwatch()
    with ExitStack() as stack:
        for stage, place, name, _ in _STAGES:
            stack.enter_context(
                patch.object(place, name, watch.around(stage, getattr(place, name)))
            )
        watch.around(_REST[0], _every_table)(bars)
    stages = [stage for stage, *_ in _STAGES] + [_REST[0]]
    spent = {"total": sum(watch.spent.values()), **{stage: watch.spent[stage] for stage in stages}}
    return {stage: 1e6 * seconds / size for stage, seconds in spent.items()}


def _every_table(bars: pl.DataFrame) -> None:
    result = engine.compute_series(bars, symbol="BENCH", timeframe=TIMEFRAME, eras=FIXED_ERAS)
    for table in result.rows:
        result.frame(table)
