"""The asset checks of a symbol: each reports what its stage has stored.

The gate itself is data (verdict.json; compute refuses bars that it does not cover), so no stage
depends on these checks: Dagster's blocking checks act only within one run and only after the asset
was written. ``blocking`` on the spec is shown as a shield in the UI; on the event it would fail the
step.
"""

import warnings
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import dagster as dg

from regime_platform.errors import failure_reason
from regime_platform.orchestration.events.check_results import CHECK_RESULTS, CheckResult
from regime_platform.orchestration.events.check_targets import CheckTargets
from regime_platform.orchestration.run_scope import RunScope
from regime_platform.pipeline.outcomes import Stage, SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace

_CHECKS: Mapping[Stage, tuple[str, str]] = MappingProxyType(
    {
        Stage.VALIDATED_BARS: (
            "gate",
            "Every rule over every timeframe; a blocked symbol keeps its last good bars.",
        ),
        Stage.COMPUTE_DB: (
            "input_is_promoted",
            "The results were computed from exactly the bars that the gate promoted.",
        ),
        Stage.MANIFESTS: (
            "is_complete",
            "Both manifests exist and name the stored results.",
        ),
    }
)

CHECK_KEYS = frozenset(
    dg.AssetCheckKey(dg.AssetKey(stage.value), name) for stage, (name, _text) in _CHECKS.items()
)


def check_specs(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetCheckSpec]:
    """The three checks, partitioned as their assets are."""
    with warnings.catch_warnings():
        # Partitioned checks are a preview in 1.13; test_upstream.py pins what is relied on.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                name,
                asset=stage.value,
                description=text,
                blocking=stage is Stage.VALIDATED_BARS,
                partitions_def=partitions,
            )
            for stage, (name, text) in _CHECKS.items()
        ]


def check_evaluations(
    workspace: RunWorkspace,
    scope: RunScope,
    outcome: SymbolOutcome,
    stage: Stage,
    targets: CheckTargets,
) -> Iterator[dg.AssetCheckEvaluation]:
    """The check result of a stage for one symbol; none without a check or anything stored."""
    if stage not in _CHECKS:
        return
    name, _text = _CHECKS[stage]
    key = dg.AssetCheckKey(dg.AssetKey(stage.value), name)
    result = _result(workspace, outcome, stage) if key in scope.checks else None
    if result is not None:
        yield _evaluation(targets, key, outcome.symbol, result)


def _result(workspace: RunWorkspace, outcome: SymbolOutcome, stage: Stage) -> CheckResult | None:
    try:
        return CHECK_RESULTS[stage](workspace, outcome)
    except Exception as error:  # noqa: BLE001 - one symbol's damaged file must not stop the others
        return CheckResult(passed=False, reason=failure_reason(error, outcome.symbol))


def _evaluation(
    targets: CheckTargets, key: dg.AssetCheckKey, symbol: str, result: CheckResult
) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=result.passed,
        partition=symbol,
        severity=dg.AssetCheckSeverity.ERROR,
        blocking=False,
        description=result.reason,
        metadata=result.metadata,
        target_materialization_data=targets.of(key.asset_key, symbol),
    )
