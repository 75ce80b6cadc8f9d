"""One number of a moment of the past explained, from the results as they were then."""

import datetime as dt
from dataclasses import dataclass

from regime_platform.audit.results_as_of import ResultsAsOf, results_as_of
from regime_platform.compute.engine import bars_with_close
from regime_platform.errors import ResultsError
from regime_platform.model.instants import iso
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.explanation import Explanation, SeriesRows, explanation


@dataclass(frozen=True)
class ExplainedAsOf:
    """An explanation as of a moment, and its provenance."""

    explanation: Explanation
    then: ResultsAsOf


def explain_as_of(
    workspace: RunWorkspace,
    instrument: Instrument,
    timeframe: str,
    ts: dt.datetime,
    as_of: dt.datetime,
) -> ExplainedAsOf:
    """Why the bar that opens at ``ts`` had the numbers it had at ``as_of`` (both aware).

    Raises:
        UsageError: the timeframe is unknown.
        ResultsError: there was no such bar, or nothing at all, by then.
        BarsError, ConfigError: what was stored by then is damaged.
    """
    wanted = canonical_timeframe(timeframe)
    then = results_as_of(workspace, instrument, as_of)
    if wanted not in then.results:
        symbol = instrument.symbol
        raise ResultsError(
            f"{symbol} had no {wanted} bars by {iso(as_of)}; leave --as-of out",
            code="no-such-series-then",
        )
    result = then.results[wanted]
    rows = SeriesRows(
        then.symbol,
        wanted,
        bars_with_close(then.known.series[wanted].bars),
        result.escalation,
        result.state,
        then.eras,
        workspace.params,
    )
    return ExplainedAsOf(explanation(rows, ts), then)
