"""Answers about series that are stored: bars, histories, runs of regimes, states."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product

import polars as pl

from regime_platform.api.arguments import text_of
from regime_platform.api.caveats import AnswerWarning
from regime_platform.api.opened_root import OpenedRoot
from regime_platform.api.series import (
    Answer,
    Missing,
    Symbols,
    Timeframes,
    count_of,
    gathered,
    keyed,
    symbols_of,
    timeframes_of,
)
from regime_platform.api.state_frame import state_frame
from regime_platform.model.moments import When, period
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.query.runs import runs_of, stored_series, time_of
from regime_platform.query.series import bars, history, narrowed
from regime_platform.query.states import state, why_no_state
from regime_platform.report.flip_text import with_changes


class SeriesAnswers(OpenedRoot):
    """The questions to a store that are about named series."""

    def bars(  # noqa: PLR0913 - each argument narrows the same question
        self,
        symbol: Symbols,
        timeframe: Timeframes,
        *,
        start: When | None = None,
        end: When | None = None,
        last: int | None = None,
        as_of: When | None = None,
        missing: Missing = "raise",
    ) -> pl.LazyFrame:
        """The canonical bars, series by series, oldest first; lazy, since they may be many.

        Columns: symbol, timeframe, ts, open, high, low, close, volume (null where the source
        reports none). Prices are those of the listing, adjusted for splits. Every byte is verified
        before the frame is returned, and the frame holds these bytes.

        Args:
            symbol: one or several, as ``"AAPL"`` or ``["AAPL", "MSFT"]``.
            timeframe: one or several.
            start: the first open that is included.
            end: the open before which the answer ends.
            last: number of rows from the end of each series; default: all.
            as_of: the bars that were in force at this moment.
            missing: what a series without bars is: an error, or a warning.

        Raises:
            UsageError: a symbol, a timeframe or a time is not understood.
            ResultsError, BarsError: a series has no bars, or they are damaged.

        Example:
            ``rp.bars("AAPL", "1day", start="2012-01-01").collect()``
        """
        span = (*period(start, end), count_of(last))
        past = self._past(as_of)
        read = past.bars if past else partial(bars, where=self.settings)

        def rows_of(name: str, frame: str) -> pl.LazyFrame:
            return keyed(narrowed(read(name, frame), *span), name, frame)

        return pl.concat(
            gathered(self._questions(symbol, timeframes_of(timeframe), rows_of), missing)
        )

    def history(  # noqa: PLR0913 - each argument narrows the same question
        self,
        symbol: Symbols,
        timeframe: Timeframes,
        *,
        start: When | None = None,
        end: When | None = None,
        last: int | None = None,
        labels: bool = False,
        as_of: When | None = None,
        missing: Missing = "raise",
    ) -> pl.DataFrame:
        """State and escalation of every bar, series by series, oldest first.

        No value at ``ts`` uses a later bar. Columns: the key, those of ``state_history`` and
        ``escalation_history_v3``, and what each rank stands on (``rank_bars``, ``rank_missing``,
        ``rank_eras``, ``is_rank_immature``). Percentiles are from 0 to 1.

        Args:
            symbol: one or several.
            timeframe: one or several.
            start: the first open that is included.
            end: the open before which the answer ends.
            last: number of rows from the end of each series; default: all.
            labels: adds the forward labels, which look ahead: for evaluation, never for a signal.
            as_of: the results as of this moment, computed again from the bars known then; an
                `AnswerWarning` reports where no record of then backs them.
            missing: what a series without results is: an error, or a warning.

        Raises:
            UsageError: a symbol, a timeframe or a time is not understood.
            ResultsError: a series has no results, or they are damaged.

        Example:
            ``rp.history(["AAPL", "MSFT"], "1day", last=250)``
        """
        past, (first, stop) = self._past(as_of), period(start, end)
        rows_of = partial(
            past.history if past else partial(history, where=self.settings),
            start=first,
            end=stop,
            last=count_of(last),
            labels=bool(labels),
        )
        return pl.concat(
            gathered(self._questions(symbol, timeframes_of(timeframe), rows_of), missing)
        )

    def runs(  # noqa: PLR0913 - each argument narrows the same question
        self,
        symbol: Symbols,
        timeframe: Timeframes | None = None,
        *,
        regime: str | None = None,
        start: When | None = None,
        end: When | None = None,
        last: int | None = None,
        why: bool = False,
        as_of: When | None = None,
        missing: Missing = "raise",
    ) -> pl.DataFrame:
        """The unbroken runs of regimes and what the price did meanwhile, oldest first.

        Columns: symbol, timeframe, regime_label, start, end (the first bar after it; null while it
        lasts), bars, days, return and max_drawdown (shares), return_after (what was to be had from
        the close of its first bar on), max_esc_pctl and its bucket, is_rank_immature.

        Args:
            symbol: one or several.
            timeframe: one or several; default: all that have states.
            regime: only its runs, as ``"panic risk"``.
            start: only runs that had not ended by then; they are not cut.
            end: only runs that began before.
            last: number of runs from the end of each series; default: all.
            why: adds ``regime_change``: what crossed an edge of a rule, before and after.
            as_of: as of this moment, as in ``history``.
            missing: what a series without results is: an error, or a warning.

        Raises:
            UsageError: a symbol, a timeframe, a regime or a time is not understood.
            ResultsError: a series has no results, or they are damaged.

        Example:
            ``rp.runs("AAPL", "1day", regime="panic risk").sort("max_drawdown").head(5)``
        """
        past, count = self._past(as_of), count_of(last)
        label = None if regime is None else text_of(regime, "regime", "panic risk")

        def rows_of(name: str, frame: str | None) -> pl.DataFrame:
            narrow = partial(runs_of, regime=label, start=start, end=end, last=count)
            if past:
                rows, read = narrow(past.series(name, frame)), past.states_of
            else:
                rows = narrow(stored_series(name, frame, where=self.settings))
                read = partial(history, where=self.settings)
            return with_changes(rows, read) if why else rows

        return pl.concat(gathered(self._questions(symbol, timeframe, rows_of), missing))

    def time_in_regime(  # noqa: PLR0913 - each argument narrows the same question
        self,
        symbol: Symbols,
        timeframe: Timeframes | None = None,
        *,
        start: When | None = None,
        end: When | None = None,
        as_of: When | None = None,
        missing: Missing = "raise",
    ) -> pl.DataFrame:
        """How long each series was in each regime, and what the price did.

        Columns: symbol, timeframe, regime_label, bars, share (of the bars with a regime), runs,
        median_bars, longest_bars, mean_return (of its bars), mean_next_return (of the bars that
        follow them), max_drawdown. They describe the past.

        Args:
            symbol: one or several.
            timeframe: one or several; default: all that have states.
            start: the first open that counts; runs are cut there.
            end: the open before which bars count.
            as_of: as of this moment, as in ``history``.
            missing: what a series without results is: an error, or a warning.

        Raises:
            UsageError: a symbol, a timeframe or a time is not understood.
            ResultsError: a series has no results, or they are damaged.

        Example:
            ``rp.time_in_regime(["AAPL", "MSFT"], "1day", start="2008-01-01")``
        """
        past = self._past(as_of)

        def rows_of(name: str, frame: str | None) -> pl.DataFrame:
            if past:
                return time_of(past.series(name, frame), start=start, end=end)
            return time_of(stored_series(name, frame, where=self.settings), start=start, end=end)

        return pl.concat(gathered(self._questions(symbol, timeframe, rows_of), missing))

    def state(
        self,
        symbol: Symbols,
        timeframe: Timeframes | None = None,
        *,
        as_of: When | None = None,
        now: When | None = None,
        missing: Missing = "raise",
    ) -> pl.DataFrame:
        """The latest state of each series: a row per symbol and timeframe, shortest first.

        Columns: as in ``history`` (``ts`` is the open of the last bar), with ``regime_since`` (the
        first bar of the unbroken run), ``regime_bars`` (its length), ``hazard_score`` (100 times
        ``esc_pctl``), ``cross_tf_consensus`` (mean escalation), the age of the last bar
        (``due_bar``, ``missing`` bars, ``is_stale``), the findings against its bars, and what holds
        newer ones back. Timeframes with too few bars have no row; a symbol without any is named
        by an `AnswerWarning`.

        Args:
            symbol: one or several.
            timeframe: one or several; default: all that have a state.
            as_of: the states as of this moment, with ``known_at`` and ``provenance``.
            now: the moment to which ages are counted; default: the machine's clock.
            missing: what a symbol without results is: an error, or a warning.

        Raises:
            UsageError: a symbol, a timeframe or a time is not understood.
            ResultsError: nothing was computed for a symbol, or its results are damaged.

        Example:
            ``rp.state("AAPL").select("timeframe", "regime_label", "regime_since", "esc_pctl")``
        """
        past, present = self._past(as_of), self._now(now)
        frames = TIMEFRAMES if timeframe is None else timeframes_of(timeframe)

        def states_of(name: str) -> pl.DataFrame:
            if past:
                return past.states(name, frames)
            states = state(name, frames, now=present, where=self.settings)
            if not states:
                warnings.warn(self._why_no_state(name, frames), AnswerWarning, stacklevel=4)
            return state_frame(states.values())

        names = symbols_of(self._universe(), symbol)
        return pl.concat(gathered(((name, partial(states_of, name)) for name in names), missing))

    def _why_no_state(self, symbol: str, timeframes: Sequence[str]) -> str:
        short = why_no_state(symbol, timeframes, where=self.settings)
        reasons = [f"{name} {reason}" for name, reason in short.items()]
        tracked = ", ".join(self._universe().instrument(symbol).timeframes)
        return f"{symbol} has no state: {'; '.join(reasons) or f'it is tracked on {tracked}'}"

    def _questions(
        self, symbol: Symbols, timeframe: Timeframes | None, rows_of: Callable[..., Answer]
    ) -> Iterator[tuple[str, Callable[[], Answer]]]:
        """What is asked of each series, symbol by symbol; None asks of all timeframes at once."""
        names = symbols_of(self._universe(), symbol)
        frames = [None] if timeframe is None else timeframes_of(timeframe)
        for name, frame in product(names, frames):
            yield name, partial(rows_of, name, frame)
