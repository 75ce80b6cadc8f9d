"""Data roots with the golden bars, and with a compute.db of version 1."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from shutil import copyfile

import polars as pl
import pytest

from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.conftest import NOW
from regime_platform_tests.legacy.older import LEGACY_TABLES, older_history
from regime_platform_tests.legacy.stores import GOLDEN, write_legacy_results
from regime_platform_tests.scenario import serve, street


@pytest.fixture(scope="module")
def msft(tmp_path_factory: pytest.TempPathFactory) -> RunWorkspace:
    """A data root whose one symbol has the golden rows in a file of version 1."""
    workspace = RunWorkspace.open(street(tmp_path_factory.mktemp("msft"), ["MSFT"]))
    path = workspace.root.symbol("MSFT").compute_db
    path.parent.mkdir(parents=True)
    write_legacy_results(path)
    return workspace


@pytest.fixture(scope="module")
def rows(msft: RunWorkspace) -> pl.DataFrame:
    return older_history(msft, "msft", "1day", labels=True)


@pytest.fixture
def changed(msft: RunWorkspace, tmp_path: Path) -> Callable[..., RunWorkspace]:
    """The same file with the last month only, changed by SQL statements."""

    def made(*changes: str) -> RunWorkspace:
        workspace = RunWorkspace.open(street(tmp_path, ["MSFT"]))
        path = workspace.root.symbol("MSFT").compute_db
        path.parent.mkdir(parents=True)
        copyfile(msft.root.symbol("MSFT").compute_db, path)
        shorter = [f"DELETE FROM {table} WHERE asof < '2013-02'" for table in LEGACY_TABLES]  # noqa: S608
        with closing(sqlite3.connect(path)) as connection:
            for change in (*shorter, *changes):
                connection.execute(change)
            connection.commit()
        return workspace

    return made


@pytest.fixture(scope="module")
def msft_bars(tmp_path_factory: pytest.TempPathFactory) -> RunWorkspace:
    """A data root whose one symbol has the golden bars."""
    settings = street(tmp_path_factory.mktemp("bars"), ["MSFT"])
    bars = pl.read_parquet(GOLDEN / "msft_1day.bars.parquet").select(BAR_COLUMNS)
    serve(settings, "MSFT", "1day", bars)
    workspace = RunWorkspace.open(settings)
    stages = (Stage.RAW_BARS, Stage.VALIDATED_BARS)
    run_symbol(workspace, workspace.universe.instrument("MSFT"), NOW, stages=stages)
    return workspace
