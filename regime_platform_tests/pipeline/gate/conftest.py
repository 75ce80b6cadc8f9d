"""A symbol that a run processed, to be damaged."""

import shutil
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.pipeline.run_workspace import RunWorkspace


@pytest.fixture
def msft(processed: RunWorkspace, tmp_path: Path) -> SymbolPaths:
    """A copy of MSFT with its results and manifests."""
    copy = DataRoot(tmp_path / "copy").symbol("MSFT")
    shutil.copytree(processed.root.symbol("MSFT").folder, copy.folder)
    return copy
