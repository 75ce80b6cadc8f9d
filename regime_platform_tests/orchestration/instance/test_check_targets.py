"""A check result refers to the latest materialisation of its partition."""

import dagster as dg

from regime_platform.orchestration.instance.check_targets import CheckTargets
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings
from regime_platform_tests.orchestration.graph import run_listed

ASSET = dg.AssetKey(Stage.COMPUTE_DB.value)


def test_the_latest_materialisation_is_the_target(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    former = CheckTargets(processed_instance).of(ASSET, "ALDER")
    run = run_listed(processed_eight, processed_instance, ["ALDER"], "recompute", force=True)

    latest = CheckTargets(processed_instance).of(ASSET, "ALDER")

    assert former is not None
    assert latest is not None
    assert latest.run_id == run.run_id != former.run_id
    assert latest.storage_id > former.storage_id
    assert CheckTargets(processed_instance).of(ASSET, "NOPE") is None
