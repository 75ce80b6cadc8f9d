"""The canonical engine on the bars of the store as they were known at a moment, one timeframe.

What it writes is what ``query.evaluate`` writes of a file; the store itself is not touched.
"""

import datetime as dt
from pathlib import Path

from regime_platform.audit.as_of import bars_as_of
from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import era_class
from regime_platform.errors import BarsError
from regime_platform.model.instants import iso
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.pipeline.eras import eras_as_of
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.evaluate import Evaluation, choose_eras, written


def evaluate_as_of(  # noqa: PLR0913 - the parts of one question
    workspace: RunWorkspace,
    *,
    symbol: str,
    timeframe: str,
    as_of: dt.datetime,
    eras_file: Path | None,
    output: Path,
) -> Evaluation:
    """Runs the engine on the canonical bars as of a moment (aware), in the eras in force then.

    Raises:
        UsageError: the symbol or timeframe is unknown.
        BarsError: no bars of the series were in force by then, or the raw log is damaged.
        ConfigError: the era file, or the set in force then, cannot be read.
    """
    instrument, frame = workspace.universe.instrument(symbol), canonical_timeframe(timeframe)
    name = instrument.symbol
    known = bars_as_of(workspace, instrument, frame, as_of)
    if known.bars.is_empty():
        raise BarsError(
            f"no {frame} bars of {name} were in force by {iso(as_of)} (gate: {known.status}); "
            f"`regime bars {name} {frame}` shows those of now",
            code="no-bars-then",
        )
    choice = (
        choose_eras(name, workspace.universe, eras_file)
        if eras_file is not None
        else eras_as_of(workspace.root, as_of).choose(era_class(name, instrument.asset_class))
    )
    result = compute_series(
        known.bars, symbol=name, timeframe=frame, eras=choice.eras, params=workspace.params
    )
    return written(result, choice, output)
