"""The asset snapshot writes what the command writes, and says what it could not prove."""

import json

import dagster as dg

from regime_platform.audit.snapshots import snapshots
from regime_platform.orchestration.build import build_definitions
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.orchestration.graph import QUIET


def test_every_materialisation_is_one_more_revision(
    walked_eight: Settings, walked_instance: dg.DagsterInstance
) -> None:
    root = RunWorkspace.open(walked_eight).root
    root.symbol("ELM").compute_manifest.unlink()  # as a killed run leaves it
    job = build_definitions(walked_eight).resolve_job_def("take_snapshot")

    told = []
    for _ in range(2):
        result = job.execute_in_process(instance=walked_instance, run_config={"loggers": QUIET})
        (event,) = result.get_asset_materialization_events()
        told.append({name: one.value for name, one in event.materialization.metadata.items()})

    held = snapshots(root)
    assert [one["content_digest"] for one in held] == [one["content_digest"] for one in told]
    assert [one["number"] for one in held] == [1, 2]
    assert (told[0]["complete"], told[0]["unfinished"]) == (7, 1)
    (absent,) = told[0]["not proven"].records
    assert absent.data["symbol"] == "ELM"
    facts = json.loads((root.snapshots / held[0]["file"]).read_text())["manifest"]
    assert facts["symbols"]["ALDER"]["status"] == "complete"
