"""A data root with a compute.db of version 1."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from shutil import copyfile

import polars as pl
import pytest

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.legacy.results.older import LEGACY_TABLES, older_history
from regime_platform_tests.legacy.stores import write_legacy_results
from regime_platform_tests.scenario import street


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
