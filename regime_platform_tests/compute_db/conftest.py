"""Result tables, and a compute.db of them."""

from pathlib import Path

import polars as pl
import pytest

from regime_platform.compute_db.store import build
from regime_platform_tests.compute_db.result_frames import MADE, result_tables


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    return result_tables(40)


@pytest.fixture(scope="module")
def path(tables: dict[str, pl.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("results") / "compute.db"
    build(path, tables, MADE)
    return path
