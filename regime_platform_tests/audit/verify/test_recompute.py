"""Results computed again: parameters and code are named as the cause of a difference."""

from dataclasses import replace

from regime_platform.audit.verify.verify import verify
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings


def test_other_parameters_and_other_code_are_named_as_the_cause(stored: Settings) -> None:
    workspace = RunWorkspace.open(stored)
    instrument = workspace.universe.instrument("AAA")
    timeframes = tuple(
        (name, replace(parameters, horizon=parameters.horizon + 1))
        for name, parameters in DEFAULT_PARAMS.by_timeframe
    )
    other = replace(workspace, params=replace(DEFAULT_PARAMS, by_timeframe=timeframes))
    newer = replace(workspace, code=replace(workspace.code, compute_digest="0" * 64))

    by_params = verify(other, instrument, recompute=True)
    by_code = verify(newer, instrument, recompute=True)

    assert by_params.result == "changed"
    assert "other numbers in forward_labels: made with other parameters than" in by_params.reason
    assert by_code.result == "proven"
    assert "made with other code than today's" in by_code.reason
