"""Results into compute.db: what new bars add, where that is enough, and otherwise everything."""

from collections.abc import Mapping
from typing import Any

from regime_platform.compute.results import SeriesResult
from regime_platform.compute_db.reader import require_proven_file
from regime_platform.compute_db.store import build
from regime_platform.compute_db.update import apply
from regime_platform.errors import ResultsError
from regime_platform.model.digests import Blocks
from regime_platform.pipeline.compute.incremental import CannotExtendError, extension
from regime_platform.pipeline.compute.inputs import Inputs, Tables


def make_results(
    inputs: Inputs, made: Mapping[str, Any], *, force: bool
) -> tuple[dict[str, Any], str]:
    """Brings compute.db up to date; hold the symbol's lock.

    Args:
        inputs: the bars in force and the terms.
        made: the recipe and the code, as the lineage shall name them.
        force: compute everything anew, whatever is held.

    Returns:
        The lineage as stored, and in words how it came about: what was gone on from, or why all was
        computed.

    Raises:
        BarsError: the canonical bars are missing or damaged.
    """
    if force:
        return _build(inputs, made), "computed as a whole, as asked for"
    if not inputs.paths.compute_db.exists():
        return _build(inputs, made), "computed as a whole: there are no results yet"
    try:
        require_proven_file(inputs.paths.compute_db)
        updated = apply(inputs.paths.compute_db, lambda held: extension(inputs, held, made))
    except (CannotExtendError, ResultsError) as error:
        return _build(inputs, made), f"computed as a whole: {error}"
    copied = "; on a copy, since another process reads the file" if updated.is_copy else ""
    return updated.lineage, updated.how + copied


def _build(inputs: Inputs, made: Mapping[str, Any]) -> dict[str, Any]:
    timeframes = inputs.instrument.timeframes
    results: dict[str, SeriesResult] = {}
    blocks: dict[str, Blocks] = {}
    for timeframe in (one for one in timeframes if one in inputs.promoted):
        bars, blocks[timeframe] = inputs.bars(timeframe)
        results[timeframe] = inputs.computed(timeframe, bars)
    series = [inputs.facts(one, results.get(one)) for one in timeframes]
    return build(inputs.paths.compute_db, Tables(results), {"series": series, **made}, blocks)
