"""The asset era_set keeps what the benchmarks show and puts nothing in force."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from regime_platform.compute.eras.eras import FALLBACK_ERAS
from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.pipeline.eras import adoptions, versions
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars, make_broken_bars
from regime_platform_tests.orchestration.graph import QUIET, run_range
from regime_platform_tests.scenario import serve, street


@pytest.fixture
def market(tmp_path: Path) -> Settings:
    """Two symbols whose source has good bars; nothing is fetched yet."""
    settings = street(tmp_path, ["AAA", "SPY"])
    serve(settings, "AAA", "1day", make_bars(210))
    serve(settings, "SPY", "1day", make_broken_bars())
    return settings


@pytest.fixture
def instance(market: Settings) -> Iterator[dg.DagsterInstance]:
    with open_instance(market) as opened:
        yield opened


def _detect(settings: Settings, instance: dg.DagsterInstance) -> dict[str, object]:
    job = build_definitions(settings).resolve_job_def("detect_eras")
    result = job.execute_in_process(instance=instance, run_config={"loggers": QUIET})
    (event,) = result.get_asset_materialization_events()
    assert event.asset_key == dg.AssetKey("era_set")
    metadata = event.materialization.metadata
    return {name: value.value for name, value in metadata.items()}


@pytest.mark.slow
def test_eras_are_kept_once_and_never_adopted(
    market: Settings, instance: dg.DagsterInstance
) -> None:
    run_range(market, instance, ["AAA", "SPY"])

    first, again = _detect(market, instance), _detect(market, instance)

    root = RunWorkspace.open(market).root
    assert versions(root) == (first["version"],)
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["version"] == again["version"]
    assert first["in_force"] == "fixed-1"
    assert RunWorkspace.open(market).eras is FALLBACK_ERAS


def test_without_a_benchmark_the_asset_says_so_and_keeps_nothing(
    market: Settings, instance: dg.DagsterInstance
) -> None:
    metadata = _detect(market, instance)

    assert str(metadata["version"]).startswith("none")
    assert versions(RunWorkspace.open(market).root) == ()


@pytest.mark.slow
def test_a_range_of_all_assets_processes_its_symbols_and_adopts_no_eras(
    market: Settings, instance: dg.DagsterInstance
) -> None:
    job = build_definitions(market).resolve_implicit_global_asset_job_def()
    tags = {
        "dagster/asset_partition_range_start": "AAA",
        "dagster/asset_partition_range_end": "SPY",
    }

    result = job.execute_in_process(
        instance=instance, tags=tags, run_config={"loggers": QUIET}, raise_on_error=False
    )

    assert result.success
    reported = [event.asset_key for event in result.get_asset_materialization_events()]
    assert reported.count(dg.AssetKey(Stage.MANIFESTS.value)) == 2
    assert reported.count(dg.AssetKey("era_set")) == 1
    assert adoptions(RunWorkspace.open(market).root) == ()
