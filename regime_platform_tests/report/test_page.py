"""The page of a symbol is written once and left alone while its data stay."""

import shutil
from pathlib import Path

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.page import symbol_page
from regime_platform.settings import Settings


def test_a_page_is_drawn_again_only_where_its_data_changed(
    processed: RunWorkspace, tmp_path: Path
) -> None:
    shutil.copytree(processed.root.path, tmp_path / "data")
    workspace = RunWorkspace.open(Settings(_env_file=None, REGIME_DATA_ROOT=tmp_path / "data"))

    first, second = symbol_page(workspace, "MSFT"), symbol_page(workspace, "MSFT")

    assert first is not None
    assert second is not None
    assert (first.is_written, second.is_written) == (True, False)
    assert first.path.read_text().startswith("<!")
    assert symbol_page(workspace, "FB") is None
