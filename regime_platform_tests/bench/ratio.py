"""The engine against the per-bar reference: state against state, on the same bars, in one run.

The reference computes a sample of bars; between them its cost is taken to be linear (trapezoids).
Its results must equal those of the engine.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.compute.params import FIRST_BARS
from regime_platform.model.result_schema import STATE_SCHEMA
from regime_platform_tests.bench import fresh_state
from regime_platform_tests.bench.figures import Figure, Scale, cost_of, median_cost
from regime_platform_tests.bench.per_bar_reference import pandas_frame, state_at
from regime_platform_tests.builders import make_bars

_TOLERANCE = 1e-9
#: Not computed by the state path: keys, escalation, and a mask that the legacy engine lacks.
_NOT_COMPARED = {"symbol", "timeframe", "ts", "escalation_bucket", "valid_metrics"}
#: Measured with the legacy engine, which is not part of this project.
_RECORDED_MS_PER_BAR = 145.0


class DisagreementError(Exception):
    """Reference and engine differ, so their costs cannot be compared."""


@dataclass(frozen=True)
class Sample:
    """The per-bar reference at some bars of one series."""

    bars: tuple[int, ...]
    milliseconds: tuple[float, ...]  # of the processor, at each of them

    def total_seconds(self) -> float:
        """The cost of all bars from the first sampled to the last."""
        return integral(self.bars, self.milliseconds) / 1e3


def integral(bars: Sequence[int], costs: Sequence[float]) -> float:
    """The sum of the costs of all bars, ``costs`` at ``bars`` and linear between them.

    Each bar after the first is half of the trapezoid on either side of it; the first and the last
    have one side only, so half of each is added.
    """
    areas = (
        (right - left) * (low + high) / 2
        for left, right, low, high in zip(bars, bars[1:], costs, costs[1:], strict=False)
    )
    return sum(areas) + (costs[0] + costs[-1]) / 2


def sampled_bars(count: int, step: int) -> tuple[int, ...]:
    """Every ``step`` bars from the first state on, the ends, and both sides of the one jump."""
    every = range(FIRST_BARS.state, count, step)
    jump = (FIRST_BARS.key_levels - 1, FIRST_BARS.key_levels)
    return tuple(sorted({*every, *jump, count - 1}))


def ratio_figures(scale: Scale) -> tuple[Sample, list[Figure]]:
    """The sample and everything that follows from it."""
    bars, runs = make_bars(scale.reference_bars), scale.runs_of(scale.reference_bars)
    rows = bars.height - FIRST_BARS.state
    sample = _sample(bars, scale.reference_step, fresh_state.state_of(bars))
    warm = median_cost(lambda: fresh_state.state_of(bars), runs)
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "bars.parquet"
        bars.write_parquet(file)
        program = [sys.executable, "-m", fresh_state.__name__, str(file)]
        fresh = median_cost(
            lambda: subprocess.run(program, check=True, capture_output=True),
            scale.runs,
            of_children=True,
        )
    whole = sample.total_seconds()
    recorded = _RECORDED_MS_PER_BAR * rows / 1e3 / warm.cpu
    return sample, [
        Figure("reference_ms_per_bar", 1e3 * whole / rows, "per-bar reference, CPU, mean", 1),
        Figure("reference_state_s", whole, f"the same, integrated over {rows} bars", 1),
        Figure("engine_state_ms", 1e3 * warm.cpu, "engine, state of these bars, warm, CPU", runs),
        Figure("engine_state_us_per_bar", 1e6 * warm.cpu / rows, "the same per bar", runs),
        Figure(
            "fresh_process_cpu_s", fresh.cpu, "fresh process, imports included, CPU", scale.runs
        ),
        Figure("fresh_process_wall_s", fresh.wall, "the same by the wall clock", scale.runs),
        Figure("ratio_state_warm", whole / warm.cpu, "reference : engine, CPU : CPU", 0),
        Figure("ratio_state_fresh", whole / fresh.cpu, "reference : fresh process, CPU : CPU", 0),
        Figure(
            "ratio_state_warm_recorded",
            recorded,
            f"{_RECORDED_MS_PER_BAR:.0f} ms/bar RECORDED of the old engine, not run here : engine",
            0,
        ),
    ]


def require_agreement(answer: Mapping[str, Any], row: Mapping[str, Any], i: int) -> None:
    """Every column of the state row: floats to 1e-9, all else exact.

    Raises:
        DisagreementError: names the bar and the columns.
    """
    compared = [name for name in STATE_SCHEMA if name not in _NOT_COMPARED]
    differing = [name for name in compared if not _agrees(answer[name], row[name])]
    if differing:
        raise DisagreementError(
            f"bar {i}: reference and engine differ in {', '.join(differing)}; "
            "one of them is wrong, so the ratio of their costs has no meaning"
        )


def _sample(bars: pl.DataFrame, step: int, ours: pl.DataFrame) -> Sample:
    frame = pandas_frame(bars)
    state_at(frame, bars.height - 1)  # so that the first sampled bar pays for nothing but itself
    sampled = sampled_bars(bars.height, step)
    milliseconds = []
    for i in sampled:
        answers: list[dict[str, Any]] = []
        cost = cost_of(lambda i=i, into=answers: into.append(state_at(frame, i)))  # type: ignore[misc]
        require_agreement(answers[0], ours.row(i - FIRST_BARS.state, named=True), i)
        milliseconds.append(1e3 * cost.cpu)
    return Sample(sampled, tuple(milliseconds))


def _agrees(theirs: Any, ours: Any) -> bool:
    if isinstance(theirs, float) and isinstance(ours, float):
        return abs(theirs - ours) <= _TOLERANCE
    return bool(theirs == ours)
