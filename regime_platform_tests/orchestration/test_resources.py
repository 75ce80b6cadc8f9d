"""The resource of a run names data root and universe, and has no key."""

import dagster as dg
import pytest
from pydantic import SecretStr

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.settings import Settings
from regime_platform_tests.orchestration.graph import SYMBOLS


def test_the_workspace_of_the_settings_is_opened_and_keys_stay_out(eight: Settings) -> None:
    chosen = eight.model_copy(update={"twelvedata_api_key": SecretStr("5ecret")})

    resource = WorkspaceResource(chosen)

    workspace = resource.open()
    assert workspace.settings.twelvedata_api_key is None  # read where it is needed
    assert workspace.root.path == eight.data_root
    assert workspace.universe.symbols == SYMBOLS
    assert workspace.settings.files_root == eight.files_root


def test_no_run_config_names_another_data_root(
    eight: Settings, instance: dg.DagsterInstance
) -> None:
    job = build_definitions(eight).resolve_job_def("check_freshness")
    config = {"resources": {"workspace": {"config": {"data_root": "/elsewhere"}}}}

    with pytest.raises(dg.DagsterInvalidConfigError, match='unexpected config entry "data_root"'):
        job.execute_in_process(instance=instance, run_config=config)
