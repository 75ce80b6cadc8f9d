"""Whatever goes wrong in between: once the vendor is healthy, what is held is what it has.

And nothing is asked twice that was answered and kept.
"""

import datetime as dt
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Response

from regime_platform.bar_store.raw.gate_input import gate_input
from regime_platform.errors import QuotaError
from regime_platform.model.markets import MARKETS
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.sources.protocol import WindowSource
from regime_platform.sources.registry import build_sources
from regime_platform_tests.examples import examples
from regime_platform_tests.pipeline.vendor_street import (
    catch_up,
    finished_bars,
    list_stock,
    stock_bars,
    vendor_settings,
)
from regime_platform_tests.sources.conftest import FakeClock
from regime_platform_tests.vendor import (
    DAY_SPENT,
    MINUTE_SPENT,
    STUMBLES,
    LoopbackVendor,
    error_answer,
)

BEGAN = dt.datetime(2026, 7, 6, tzinfo=dt.UTC)
FIRST = dt.datetime(2026, 11, 16, 15, 7, tzinfo=dt.UTC)  # a Monday, in the session
FRAMES = ("1h", "1day")
TRUTH = {
    (symbol, frame): stock_bars(frame, BEGAN, FIRST + dt.timedelta(days=60), seed)
    for seed, symbol in enumerate(("AAA", "BBB"))
    for frame in FRAMES
}


class Killed(BaseException):
    """The process is gone."""


class Story:
    """A vendor, a data root and the time, as one example lives through them."""

    def __init__(self, folder: Path, server: HTTPServer, *, most_rows: int) -> None:
        server.clear()
        self.vendor = LoopbackVendor(server, most_rows=5000, asset_class="US_EQUITY")
        self.now = FIRST
        self.vendor.now = lambda: self.now
        self.settings = vendor_settings(
            folder, self.vendor, ["AAA", "BBB"], tier="core", REGIME_REREAD_SHARE=1.0
        )
        self._workspace = RunWorkspace.open(self.settings)
        self.most_rows = most_rows
        self.truth = dict(TRUTH)
        self.kills = 0
        for (symbol, frame), bars in self.truth.items():
            list_stock(self.vendor, symbol, frame, bars)

    def open(self) -> RunWorkspace:
        """What a new process has; its pages are short, so that there are several."""
        clock = FakeClock()
        sources = build_sources(self.settings, clock=clock, sleep=clock.sleep)
        source = sources["twelvedata"]
        assert isinstance(source, WindowSource)
        source.most_rows = self.most_rows
        return replace(self._workspace, sources=sources)

    def run(self, *, kill_after: int | None = None) -> int:
        """One process: how many requests it made, or it dies after so many answers."""
        before, answers = len(self.vendor.questions), 0

        def paid(_cost: int) -> None:
            nonlocal answers
            answers += 1
            if answers == kill_after:
                self.kills += 1
                raise Killed

        with suppress(Killed, QuotaError):
            catch_up(self.open(), self.now, FRAMES, on_credits=paid)
        return len(self.vendor.questions) - before

    def revise(self, symbol: str, frame: str, row: int) -> None:
        """The vendor changes its mind about one bar."""
        bars = self.truth[symbol, frame]
        here = pl.int_range(pl.len()) == row % bars.height
        bars = bars.with_columns(
            volume=pl.when(here).then(pl.col("volume") + 1).otherwise("volume")
        )
        self.list(symbol, frame, bars)

    def split(self, symbol: str, factor: float) -> None:
        """The vendor rewrites the daily history and leaves the hours alone."""
        prices = pl.col("open", "high", "low", "close") / factor
        self.list(symbol, "1day", self.truth[symbol, "1day"].with_columns(prices))

    def list(self, symbol: str, frame: str, bars: pl.DataFrame) -> None:
        """The truth from now on."""
        self.truth[symbol, frame] = bars
        list_stock(self.vendor, symbol, frame, bars)

    def assert_one_basis(self) -> None:
        """Whatever was fetched, the input of the gate is on one price basis."""
        for (symbol, frame), bars in self.truth.items():
            paths = self._workspace.root.symbol(symbol)
            rows = gate_input(paths, frame, MARKETS["US_EQUITY"]).rows
            both = rows.join(bars, on="ts", suffix="_true")
            # the forming bar is half of itself
            ratios = (both["close"] / both["close_true"]).head(-1)
            if frame == "1day" and ratios.len():
                assert np.allclose(ratios, ratios[0], rtol=1e-4), symbol

    def assert_truth_is_stored(self) -> None:
        workspace = self.open()
        for (symbol, frame), bars in self.truth.items():
            stored = finished_bars(workspace, symbol, frame, self.now)
            assert stored.equals(bars.head(stored.height)), (symbol, frame)
            opened = bars.filter(pl.col("ts") <= self.now).height
            assert stored.height >= opened - 1, (symbol, frame)


fault = st.one_of(
    st.sampled_from(sorted(STUMBLES)),
    st.sampled_from(["minute", "day", "404"]),
)
step = st.one_of(
    st.tuples(st.just("pass"), st.integers(1, 100)),  # quarter hours
    st.tuples(st.just("fail"), st.lists(fault, min_size=1, max_size=5)),
    st.tuples(st.just("kill"), st.integers(1, 6)),
    st.tuples(st.just("revise"), st.tuples(st.sampled_from(sorted(TRUTH)), st.integers(0, 2000))),
    st.tuples(
        st.just("split"),
        st.tuples(st.sampled_from(["AAA", "BBB"]), st.sampled_from([2.0, 1 / 190, 1.0037])),
    ),
    st.tuples(st.just("run"), st.none()),
)
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def broken(name: str) -> Response:
    if name in STUMBLES:
        return STUMBLES[name]()
    answers = {"minute": (429, MINUTE_SPENT), "day": (429, DAY_SPENT), "404": (404, "not found")}
    return error_answer(*answers[name])


@pytest.mark.slow
@examples(6, 300, unchecked=SLOW)
@given(steps=st.lists(step, max_size=8), most_rows=st.sampled_from([200, 5000]))
def test_after_any_faults_and_restarts_the_stored_bars_are_those_of_the_vendor(
    tmp_path_factory: pytest.TempPathFactory,
    httpserver: HTTPServer,
    steps: list[tuple[str, Any]],
    most_rows: int,
) -> None:
    story = Story(tmp_path_factory.mktemp("story"), httpserver, most_rows=most_rows)
    for kind, what in steps:
        if kind == "pass":
            story.now += dt.timedelta(minutes=15 * what)
        elif kind == "fail":
            story.vendor.answer_next(*(broken(name) for name in what))
            story.run()
            story.vendor.forget_script()
        elif kind == "revise":
            (symbol, frame), row = what
            story.revise(symbol, frame, row)
        elif kind == "split":
            story.split(*what)
        else:
            story.run(kill_after=what if kind == "kill" else None)
        story.assert_one_basis()

    # two days on: refusals are asked about again, and every window has had its turn to be read
    for _ in range(2):
        story.now += dt.timedelta(days=1)
        story.run()

    story.assert_truth_is_stored()
    assert story.run() == 0


@pytest.mark.slow
@examples(4, 200, unchecked=SLOW)
@given(
    interruptions=st.lists(
        st.one_of(st.integers(1, 5), st.lists(st.sampled_from(sorted(STUMBLES)), max_size=4)),
        max_size=6,
    )
)
def test_only_the_window_lost_by_a_kill_is_answered_twice(
    tmp_path_factory: pytest.TempPathFactory,
    httpserver: HTTPServer,
    interruptions: list[int | list[str]],
) -> None:
    story = Story(tmp_path_factory.mktemp("story"), httpserver, most_rows=200)
    for interruption in interruptions:
        if isinstance(interruption, int):
            story.run(kill_after=interruption)
        else:
            story.vendor.answer_next(*(STUMBLES[name]() for name in interruption))
            story.run()
            story.vendor.forget_script()

    story.run()

    answered = Counter(
        (question.path, *sorted(question.params.items()))
        for question in story.vendor.questions
        if not question.is_scripted
    )
    story.assert_truth_is_stored()
    assert sum(answered.values()) - len(answered) <= story.kills
    assert story.run() == 0
