"""Opening a data root with its universe."""

from pathlib import Path

import pytest

from regime_platform.errors import UsageError
from regime_platform.workspace import Workspace
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import street


def test_a_path_names_a_data_root_and_the_environment_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = street(tmp_path, ["AAA"])
    monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path / "elsewhere"))

    workspace = Workspace.open(settings.data_root)

    assert workspace.root.path == settings.data_root
    assert workspace.universe.symbols == ("AAA",)


def test_a_symbol_is_found_in_any_case_with_its_folder(tmp_path: Path) -> None:
    workspace = Workspace.open(street(tmp_path, ["AAA"]))

    instrument, paths = workspace.find("aaa")

    assert (instrument.symbol, paths) == ("AAA", workspace.root.symbol("AAA"))
    with raises(UsageError, "unknown-symbol", match="ZZZ"):
        workspace.find("ZZZ")
