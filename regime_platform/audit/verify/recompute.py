"""The bars promoted again from the raw log, and the results computed again from the bars.

Nothing is written. Results are computed in the eras that their recipe names; parameters and code
are those of this installation, so where they differ from the recipe's, the findings say so.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from regime_platform.compute.eras.eras import Era
from regime_platform.compute.results import latest_state
from regime_platform.compute_db.content import LATEST, content_of, table_digests
from regime_platform.errors import RegimeError
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.digests import Blocks, frame_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.promoted_bars import Promoted
from regime_platform.model.result_schema import TABLES
from regime_platform.pipeline.compute.inputs import Inputs
from regime_platform.pipeline.finding import AuditFinding, FindingKind, Subject
from regime_platform.pipeline.gate.validate_log import standard_of, validate_log
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.validation.gate import PASSED

Facts = Mapping[str, Any]


def recheck_promotion(
    workspace: RunWorkspace, instrument: Instrument, promoted: Mapping[str, Promoted]
) -> Iterator[AuditFinding]:
    """Series whose bars in force are not those that the raw log and the gate give now."""
    paths = workspace.root.symbol(instrument.symbol)
    try:
        judged = validate_log(paths, instrument, standard_of(workspace.root, instrument))
    except (RegimeError, OSError) as error:
        yield AuditFinding(
            FindingKind.UNREADABLE, Subject.RAW_LOG, "raw", f"cannot be promoted again: {error}"
        )
        return
    for timeframe, one in judged.items():
        held = promoted.get(timeframe)
        if one.result.status != PASSED or held is None:
            continue  # a blocked series keeps its last good bars
        digest = frame_digest(one.result.valid.select(BAR_COLUMNS))
        if digest != held.digest:
            reason = (
                f"raw log and gate give other bars: {digest[:12]} instead of {held.digest[:12]}"
            )
            yield AuditFinding(FindingKind.CHANGED, Subject.BARS, f"bars/{timeframe}", reason)


def recompute_tables(
    workspace: RunWorkspace, instrument: Instrument, promoted: Mapping[str, Promoted], recipe: Facts
) -> dict[str, str]:
    """The content digest of every table as a fresh computation makes it.

    Raises:
        BarsError: the canonical bars are missing or damaged.
    """
    boundaries = recipe["eras"].get("boundaries", ())
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
    told: Mapping[str, str], again: Mapping[str, str], causes: tuple[str, ...]
) -> Iterator[AuditFinding]:
    """Tables whose numbers a fresh computation makes otherwise, and why."""
    strange = [name for name in again if told.get(name) != again[name]]
    if strange:
        why = "; ".join(causes) or "bars, parameters, eras and code are those of its recipe"
        reason = f"computed again, other numbers in {', '.join(strange)}: {why}"
        yield AuditFinding(FindingKind.CHANGED, Subject.RESULTS, "compute.db", reason)
