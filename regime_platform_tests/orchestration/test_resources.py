"""The resource of a run names data root and universe, and has no key."""

from pydantic import SecretStr

from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.settings import Settings
from regime_platform_tests.orchestration.graph import SYMBOLS


def test_the_workspace_of_the_settings_is_opened_and_keys_stay_out(eight: Settings) -> None:
    chosen = eight.model_copy(update={"twelvedata_api_key": SecretStr("5ecret")})

    resource = WorkspaceResource.from_settings(chosen)

    assert "5ecret" not in str(resource.model_dump())
    workspace = resource.open()
    assert workspace.root.path == eight.data_root
    assert workspace.universe.symbols == SYMBOLS
    assert workspace.settings.files_root == eight.files_root
