"""A data root with the golden bars."""

import polars as pl
import pytest

from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.conftest import NOW
from regime_platform_tests.legacy.stores import GOLDEN
from regime_platform_tests.scenario import serve, street


@pytest.fixture(scope="module")
def msft(tmp_path_factory: pytest.TempPathFactory) -> RunWorkspace:
    """A platform whose one symbol has the golden bars."""
    settings = street(tmp_path_factory.mktemp("msft"), ["MSFT"])
    bars = pl.read_parquet(GOLDEN / "msft_1day.bars.parquet").select(BAR_COLUMNS)
    serve(settings, "MSFT", "1day", bars)
    workspace = RunWorkspace.open(settings)
    stages = (Stage.RAW_BARS, Stage.VALIDATED_BARS)
    run_symbol(workspace, workspace.universe.instrument("MSFT"), NOW, stages=stages)
    return workspace
