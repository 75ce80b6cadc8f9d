"""The graph as the UI shows it, against a committed picture of it, and what starts by itself."""

import json
from pathlib import Path
from typing import Any

import dagster as dg

from regime_platform.orchestration.build import build_definitions
from regime_platform.settings import Settings

#: After a wanted change, paste what the failing test prints.
PICTURE = Path(__file__).with_name("graph.json")


def _checks(definitions: dg.Definitions) -> list[dg.AssetCheckSpec]:
    assets = [asset for asset in definitions.assets or [] if isinstance(asset, dg.AssetsDefinition)]
    return [check for asset in assets for check in asset.check_specs]


def _picture(definitions: dg.Definitions) -> dict[str, Any]:
    graph = definitions.resolve_asset_graph()
    repository = definitions.get_repository_def()
    checks = {check.key.to_user_string(): check for check in _checks(definitions)}
    return {
        "assets": {
            node.key.to_user_string(): {
                "deps": sorted(key.to_user_string() for key in node.parent_keys),
                "group": node.group_name,
                "kinds": sorted(node.kinds),
                "checks": sorted(key.name for key in node.check_keys),
                "partitions": len(node.partitions_def.get_partition_keys())
                if node.partitions_def
                else 0,
                "has columns": "dagster/column_schema" in node.metadata,
            }
            for node in (graph.get(key) for key in sorted(graph.get_all_asset_keys()))
        },
        "blocking checks": sorted(name for name, check in checks.items() if check.blocking),
        "jobs": sorted(
            job.name for job in repository.get_all_jobs() if not job.name.startswith("__")
        ),
        "schedules": {
            schedule_def.name: schedule_def.default_status.value
            for schedule_def in repository.schedule_defs
        },
        "sensors": {
            sensor_def.name: sensor_def.default_status.value
            for sensor_def in repository.sensor_defs
        },
    }


def test_the_graph_of_the_sample_universe_is_the_committed_one(settings: Settings) -> None:
    drawn = _picture(build_definitions(settings))

    assert drawn == json.loads(PICTURE.read_text()), json.dumps(drawn, indent=2)


def test_every_definition_loads_and_every_job_resolves(settings: Settings) -> None:
    definitions = build_definitions(settings)

    dg.Definitions.validate_loadable(definitions)

    assert {job.name for job in definitions.jobs or []} >= {"process_all", "process_listed"}
