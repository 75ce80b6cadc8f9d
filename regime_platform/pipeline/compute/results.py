"""Brings compute.db up to date: by an update where that is enough, else by a new file."""

from regime_platform.compute.results import SeriesResult
from regime_platform.compute_db.reader import require_proven_file
from regime_platform.compute_db.store import build
from regime_platform.compute_db.update import apply_update
from regime_platform.errors import ResultsError
from regime_platform.manifests.lineage import Lineage, ResultOrigin
from regime_platform.model.digests import Blocks
from regime_platform.pipeline.compute.incremental import NotIncrementalError, incremental_update
from regime_platform.pipeline.compute.inputs import Inputs, Tables


def make_results(inputs: Inputs, made: ResultOrigin, *, force: bool) -> tuple[Lineage, str]:
    """Brings compute.db up to date; hold the symbol's lock.

    Args:
        inputs: the bars in force, the eras and the parameters.
        made: the recipe and the code, for the lineage.
        force: compute everything, whatever is stored.

    Returns:
        The lineage as stored, and a sentence: from where results were continued, or why all were
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
        updated = apply_update(
            inputs.paths.compute_db, lambda stored: incremental_update(inputs, stored, made)
        )
    except (NotIncrementalError, ResultsError) as error:
        return _build(inputs, made), f"computed as a whole: {error}"
    copied = "; on a copy, since another process reads the file" if updated.is_copy else ""
    return updated.lineage, updated.how + copied


def _build(inputs: Inputs, made: ResultOrigin) -> Lineage:
    timeframes = inputs.instrument.timeframes
    results: dict[str, SeriesResult] = {}
    blocks: dict[str, Blocks] = {}
    for timeframe in (name for name in timeframes if name in inputs.promoted):
        bars, blocks[timeframe] = inputs.bars(timeframe)
        results[timeframe] = inputs.computed(timeframe, bars)
    series = [inputs.lineage(timeframe, results.get(timeframe)) for timeframe in timeframes]
    return build(inputs.paths.compute_db, Tables(results), made, series, blocks)
