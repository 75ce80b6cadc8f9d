"""One check per symbol and stage that has one: it reports what the stage wrote down.

The gate itself is data (verdict.json; compute refuses what it does not cover), so nothing depends
on these: Dagster's blocking checks hold only within one run and only after the asset was written.
``blocking`` on the spec is what the UI draws as a shield; on the event it would fail the step.
"""

import warnings
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import dagster as dg

from regime_platform.errors import failure_reason
from regime_platform.orchestration.events.evidence import EVIDENCE, Evidence
from regime_platform.orchestration.targets import Targets
from regime_platform.orchestration.work import Work
from regime_platform.pipeline.outcomes import Stage, SymbolOutcome
from regime_platform.pipeline.platform import RunWorkspace

_CHECKS: Mapping[Stage, tuple[str, str]] = MappingProxyType(
    {
        Stage.VALIDATED_BARS: (
            "gate",
            "Every rule over every timeframe; a symbol that fails keeps its last good bars.",
        ),
        Stage.COMPUTE_DB: (
            "input_is_promoted",
            "The results were computed from exactly the bars that the gate let through.",
        ),
        Stage.MANIFESTS: (
            "is_complete",
            "Both manifests are there and name the results that are there.",
        ),
    }
)

CHECK_KEYS = frozenset(
    dg.AssetCheckKey(dg.AssetKey(stage.value), name) for stage, (name, _text) in _CHECKS.items()
)


def check_specs(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetCheckSpec]:
    """The three checks, partitioned as their assets are."""
    with warnings.catch_warnings():
        # Partitioned checks are a preview in 1.13; test_upstream.py says what we rely on.
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
    workspace: RunWorkspace, work: Work, outcome: SymbolOutcome, stage: Stage, targets: Targets
) -> Iterator[dg.AssetCheckEvaluation]:
    """A stage's check for one symbol; nothing where there is no check or nothing to judge."""
    if stage not in _CHECKS:
        return
    name, _text = _CHECKS[stage]
    key = dg.AssetCheckKey(dg.AssetKey(stage.value), name)
    evidence = _evidence(workspace, outcome, stage) if key in work.checks else None
    if evidence is not None:
        yield _evaluation(targets, key, outcome.symbol, evidence)


def _evidence(workspace: RunWorkspace, outcome: SymbolOutcome, stage: Stage) -> Evidence | None:
    try:
        return EVIDENCE[stage](workspace, outcome)
    except Exception as error:  # noqa: BLE001 - one symbol's damaged file must not stop the others
        return Evidence(passed=False, reason=failure_reason(error, outcome.symbol))


def _evaluation(
    targets: Targets, key: dg.AssetCheckKey, symbol: str, evidence: Evidence
) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=evidence.passed,
        partition=symbol,
        severity=dg.AssetCheckSeverity.ERROR,
        blocking=False,
        description=evidence.reason,
        metadata=evidence.metadata,
        target_materialization_data=targets.of(key.asset_key, symbol),
    )
