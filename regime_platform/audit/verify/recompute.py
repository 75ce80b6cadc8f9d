"""The bars promoted again from the raw log, and the results computed again from the bars.

Nothing is written. Results are computed in the eras that their recipe names; parameters and code
are those of this installation, so a finding names where they differ from the recipe's.
"""

from collections.abc import Iterator, Mapping

from regime_platform.audit.verify.finding import AuditFinding, FindingKind, Subject
from regime_platform.compute.eras.eras import Era
from regime_platform.compute.results import latest_state
from regime_platform.compute_db.content import LATEST, content_of, table_digests
from regime_platform.errors import RegimeError
from regime_platform.manifests.recipe import Recipe
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.digests import Blocks, frame_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.promoted_bars import PromotedBars
from regime_platform.model.result_schema import TABLES
from regime_platform.pipeline.compute.inputs import Inputs
from regime_platform.pipeline.gate.validate_log import read_policy, validate_log, validation_context
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.gate import PASSED


def recheck_promotion(
    workspace: RunWorkspace, instrument: Instrument, promoted: Mapping[str, PromotedBars]
) -> Iterator[AuditFinding]:
    """Findings about series with other bars in force than raw log and gate give now."""
    paths = workspace.root.symbol(instrument.symbol)
    try:
        context = validation_context(paths, instrument, read_policy(workspace.root))
        validated = validate_log(paths, instrument, context)
    except (RegimeError, OSError) as error:
        yield AuditFinding(
            FindingKind.UNREADABLE, Subject.RAW_LOG, "raw", f"cannot be promoted again: {error}"
        )
        return
    for timeframe, series in validated.items():
        pointer = promoted.get(timeframe)
        if series.result.status != PASSED or pointer is None:
            continue  # a blocked series keeps its last good bars
        digest = frame_digest(series.result.valid.select(BAR_COLUMNS))
        if digest != pointer.digest:
            reason = (
                f"raw log and gate give other bars: {digest[:12]} instead of {pointer.digest[:12]}"
            )
            yield AuditFinding(FindingKind.CHANGED, Subject.BARS, f"bars/{timeframe}", reason)


def recompute_tables(
    workspace: RunWorkspace,
    instrument: Instrument,
    promoted: Mapping[str, PromotedBars],
    recipe: Recipe,
) -> dict[str, str]:
    """The content digest of every table as a fresh computation makes it.

    Raises:
        BarsError: the canonical bars are missing or damaged.
    """
    boundaries = recipe.eras.boundaries
    eras = tuple(Era(index, *ends) for index, ends in enumerate(boundaries))
    paths = workspace.root.symbol(instrument.symbol)
    inputs = Inputs(instrument, paths, promoted, eras, workspace.params)
    results = {
        timeframe: inputs.computed(timeframe, inputs.bars(timeframe)[0])
        for timeframe in instrument.timeframes
        if timeframe in promoted
    }
    content: dict[tuple[str, str], Blocks] = {}
    for name in (table for table in TABLES if table != LATEST):
        for result in results.values():
            content |= content_of(name, result.frame(name))
    return table_digests(content, frame_digest(latest_state(results)))


def differing(
    stored: Mapping[str, str], recomputed: Mapping[str, str], causes: tuple[str, ...]
) -> Iterator[AuditFinding]:
    """A finding about the tables that a recomputation gives other numbers for, with the causes."""
    strange = [name for name in recomputed if stored.get(name) != recomputed[name]]
    if strange:
        why = "; ".join(causes) or "bars, parameters, eras and code are those of its recipe"
        reason = f"computed again, other numbers in {', '.join(strange)}: {why}"
        yield AuditFinding(FindingKind.CHANGED, Subject.RESULTS, "compute.db", reason)
