"""Answers about single bars, and about bars outside the store."""

import warnings
from pathlib import Path
from typing import overload

import polars as pl

from regime_platform.api.arguments import path_of, text_of
from regime_platform.api.caveats import AnswerWarning
from regime_platform.api.chart import Chart
from regime_platform.api.explanations import PastExplanation, StoredExplanation
from regime_platform.api.opened_root import OpenedRoot
from regime_platform.api.own_bars import OwnBars, bars_of_frame
from regime_platform.model.moments import When, moment, optional_moment
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.evaluate import evaluated, input_bars
from regime_platform.query.explain import explain
from regime_platform.query.series import history_of
from regime_platform.report.single_chart import read_single_chart
from regime_platform.workspace import Workspace


class BarAnswers(OpenedRoot):
    """The questions to a store that are about one bar, or about bars of the caller."""

    @overload
    def explain(
        self, symbol: str, timeframe: str, ts: When, *, now: When | None = None
    ) -> StoredExplanation: ...

    @overload
    def explain(
        self, symbol: str, timeframe: str, ts: When, *, as_of: When, now: When | None = None
    ) -> PastExplanation: ...

    def explain(
        self,
        symbol: str,
        timeframe: str,
        ts: When,
        *,
        as_of: When | None = None,
        now: When | None = None,
    ) -> StoredExplanation | PastExplanation:
        """Why the numbers of one bar are what they are; a notebook shows it as tables.

        Ranks are counted again from the stored columns, means and rules are evaluated again;
        ``.explanation.wrong`` names stored values that do not follow from the others. The first
        call on a machine compiles the kernels, which takes about half a minute.

        Args:
            symbol: of the bar.
            timeframe: of the bar.
            ts: the open of the bar.
            as_of: the numbers as of this moment, with their provenance in ``.then``.
            now: the moment to which the age of the series is counted; default: the clock.

        Raises:
            UsageError: the symbol, the timeframe or a time is not understood.
            ResultsError: nothing was computed, or there is no such bar; names the nearest.

        Example:
            ``rp.explain("AAPL", "1day", "2013-03-01")``
        """
        symbol, timeframe = _series(symbol, timeframe)
        past, opens = self._past(as_of), moment(ts, "ts")
        if past:
            return past.explain(symbol, timeframe, opens)
        explained = explain(symbol, timeframe, opens, now=self._now(now), where=self.settings)
        return StoredExplanation(**vars(explained))

    def evaluate(  # noqa: PLR0913 - the parts of one question
        self,
        rows: OwnBars,
        *,
        symbol: str,
        timeframe: str,
        eras_file: Path | str | None = None,
        as_of: When | None = None,
        labels: bool = False,
    ) -> pl.DataFrame:
        """The history of bars outside the store: nothing is validated, stored or written.

        Columns as of ``history``. Where there are too few bars for a state (200) or an escalation
        (400), an `AnswerWarning` has the reason, and rows or values are absent.

        Args:
            rows: a frame with ts (the open: dates, or times in UTC), open, high, low, close and
                volume, oldest first; or the path of a file, read as ``regime evaluate`` does.
            symbol: any name; it selects the class of eras.
            timeframe: of the bars.
            eras_file: eras in the CSV format of the legacy engine.
            as_of: leaves out the bars that were not over at this moment; needs a tracked symbol.
            labels: adds the forward labels, which look ahead.

        Raises:
            BarsError: the bars are not understood, or not ascending.
            UsageError, ConfigError: the timeframe, a time or the era file is not understood.

        Example:
            ``rp.evaluate(pl.read_csv("mine.csv", try_parse_dates=True), symbol="MINE",
            timeframe="1day")``
        """
        symbol, timeframe = _series(symbol, timeframe)
        universe, note = self._universe(), ""
        if isinstance(rows, pl.DataFrame | pl.LazyFrame):
            own = bars_of_frame(rows)
        else:
            name, frame = universe.symbol_of(symbol), canonical_timeframe(timeframe)
            own, note = input_bars(path_of(rows, "rows"), name, frame, universe)
        result, choice = evaluated(
            own,
            symbol=symbol,
            timeframe=timeframe,
            universe=universe,
            eras_file=None if eras_file is None else path_of(eras_file, "eras_file"),
            as_of=optional_moment(as_of, "as_of"),
        )
        for text in filter(None, (note, result.reason)):
            warnings.warn(f"{symbol} {timeframe}: {text}", AnswerWarning, stacklevel=2)
        return history_of(result, choice.eras, labels=labels)

    def chart(
        self,
        symbol: str,
        timeframe: str | None = None,
        *,
        since: When | None = None,
        metric: str = "",
        now: When | None = None,
    ) -> Chart:
        """The chart of a symbol: price over its regimes, and escalation.

        A notebook shows a picture. ``.save("ibm.html")`` writes a page with all timeframes that are
        asked for, ``.save("ibm.png")`` or ``.svg`` the picture.

        Args:
            symbol: one.
            timeframe: one; default: all that have a state, in the picture 1day.
            since: only bars from this moment on.
            metric: in a picture, such as ``"vrs"``: it and the edges of rules, below the prices.
            now: the moment to which the ages on the page are counted; default: the clock.

        Raises:
            UsageError: an argument is not understood, or there are no bars since then.
            ResultsError: nothing was computed for the symbol, or its results are damaged.

        Example:
            ``rp.chart("IBM", "1day", since="2008-01-01").save("ibm.png")``
        """
        single = read_single_chart(
            Workspace.open(self.settings),
            text_of(symbol, "symbol", "AAPL"),
            None if timeframe is None else text_of(timeframe, "timeframe", "1day"),
            optional_moment(since, "since"),
            self._now(now),
        )
        return Chart(single, text_of(metric, "metric", "vrs"))


def _series(symbol: object, timeframe: object) -> tuple[str, str]:
    return text_of(symbol, "symbol", "AAPL"), text_of(timeframe, "timeframe", "1day")
