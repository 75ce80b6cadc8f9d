"""A plan writes nothing, and is empty where all is proven."""

from regime_platform.audit.repair_plan import RepairStep, plan_repair
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.audit.repairing import paths_of, repaired
from regime_platform_tests.scenario import fingerprint


def test_a_plan_touches_nothing(workspace: RunWorkspace) -> None:
    paths = paths_of(workspace)
    paths.compute_db.write_bytes(b"nonsense")
    before = fingerprint(paths.folder)
    (instrument,) = workspace.universe.instruments

    plan = plan_repair(workspace, instrument)

    assert plan.set_aside == ("compute.db",)
    assert plan.steps[0] is RepairStep.COMPUTE
    assert fingerprint(paths.folder) == before


def test_where_all_is_proven_nothing_is_written(workspace: RunWorkspace) -> None:
    before = fingerprint(paths_of(workspace).folder)

    outcome = repaired(workspace)

    assert outcome.status is Status.UNCHANGED
    assert fingerprint(paths_of(workspace).folder) == before
