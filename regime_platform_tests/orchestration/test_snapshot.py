"""The asset snapshot writes what the command writes, and says what it could not prove."""

import json
from typing import Any

import dagster as dg

from regime_platform.audit.snapshots import snapshots
from regime_platform.orchestration.build import build_definitions
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.orchestration.graph import QUIET


def test_every_materialisation_is_one_more_revision(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    root = RunWorkspace.open(processed_eight).root
    root.symbol("ELM").compute_manifest.unlink()  # as a killed run leaves it
    job = build_definitions(processed_eight).resolve_job_def("take_snapshot")

    metadata = []
    for _ in range(2):
        result = job.execute_in_process(instance=processed_instance, run_config={"loggers": QUIET})
        (event,) = result.get_asset_materialization_events()
        metadata.append(
            {name: value.value for name, value in event.materialization.metadata.items()}
        )

    not_proven: Any = metadata[0]["not proven"]
    taken = snapshots(root)
    digests = [values["content_digest"] for values in metadata]
    assert [entry.content_digest for entry in taken] == digests
    assert [entry.number for entry in taken] == [1, 2]
    assert (metadata[0]["complete"], metadata[0]["unfinished"]) == (7, 1)
    (absent,) = not_proven.records
    assert absent.data["symbol"] == "ELM"
    facts = json.loads((root.snapshots / taken[0].file).read_text())["manifest"]
    assert facts["symbols"]["ALDER"]["status"] == "complete"
