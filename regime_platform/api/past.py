"""Answers as of a past moment, in the forms of those of now."""

import datetime as dt
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache

import polars as pl

from regime_platform.api.caveats import AnswerWarning
from regime_platform.api.explanations import PastExplanation
from regime_platform.api.state_frame import past_state_frame
from regime_platform.audit.provenance import ProvenanceStatus
from regime_platform.audit.results_as_of import (
    ResultsAsOf,
    explain_as_of,
    known_bars,
    results_as_of,
)
from regime_platform.audit.states_as_of import history_as_of, states_as_of
from regime_platform.model.instants import iso
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.runs import SeriesStates
from regime_platform.query.series import narrowed

_BACKED = (ProvenanceStatus.PROVEN, ProvenanceStatus.SAME_TERMS)


class Past:
    """What was known of a workspace at a moment; the results of one symbol are kept at a time."""

    def __init__(self, workspace: RunWorkspace, as_of: dt.datetime) -> None:
        """The moment is aware."""
        self.workspace, self.as_of = workspace, as_of
        self._then = lru_cache(maxsize=1)(self._results)

    def bars(self, symbol: str, timeframe: str) -> pl.LazyFrame:
        """As `query.series.bars`."""
        instrument = self.workspace.universe.instrument(symbol)
        return known_bars(self.workspace, instrument, timeframe, self.as_of).bars.lazy()

    def history(  # noqa: PLR0913 - each argument narrows the same question
        self,
        symbol: str,
        timeframe: str,
        *,
        start: dt.datetime | None,
        end: dt.datetime | None,
        last: int | None,
        labels: bool,
    ) -> pl.DataFrame:
        """As `query.series.history`; warns where no record of then backs the numbers."""
        then = self._then(symbol)
        rows = history_as_of(then, timeframe, labels=labels)
        self._warn_unbacked(then)
        return narrowed(rows.lazy(), start, end, last).collect()

    def series(self, symbol: str, timeframe: str | None) -> Iterator[SeriesStates]:
        """The histories of one timeframe or of all, as `query.runs` takes them; warns likewise."""
        then = self._then(symbol)
        self._warn_unbacked(then)
        for name in then.results if timeframe is None else [timeframe]:
            yield {"symbol": symbol, "timeframe": name}, history_as_of(then, name)

    def states_of(self, symbol: str, timeframe: str) -> pl.DataFrame:
        """The states of every bar of a series, as `query.flips` takes them."""
        return self._then(symbol).series(timeframe).state

    def states(self, symbol: str, timeframes: Sequence[str]) -> pl.DataFrame:
        """The states in the columns of those of now, with their provenance."""
        then = self._then(symbol)
        instrument = self.workspace.universe.instrument(symbol)
        states = states_as_of(then, instrument, timeframes).values()
        return past_state_frame(states, then.known.known_at, then.provenance)

    def explain(self, symbol: str, timeframe: str, ts: dt.datetime) -> PastExplanation:
        """As `query.explain.explain`."""
        instrument = self.workspace.universe.instrument(symbol)
        return PastExplanation(
            *explain_as_of(self.workspace, instrument, timeframe, ts, self.as_of)
        )

    def _warn_unbacked(self, then: ResultsAsOf) -> None:
        provenance = then.provenance
        if provenance.status not in _BACKED:
            note = f"{provenance.status}: {provenance.reason}"
            message = f"{then.symbol} as of {iso(self.as_of)}: {note}"
            warnings.warn(message, AnswerWarning, stacklevel=5)

    def _results(self, symbol: str) -> ResultsAsOf:
        instrument = self.workspace.universe.instrument(symbol)
        return results_as_of(self.workspace, instrument, self.as_of)
