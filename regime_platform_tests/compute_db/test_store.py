"""A compute.db is published whole or not at all, and says exactly what it was given."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import polars as pl
import pytest

from regime_platform.compute_db.content import table_digest
from regime_platform.compute_db.reader import read_lineage, read_table
from regime_platform.compute_db.store import build
from regime_platform.errors import ResultsError
from regime_platform.model.digests import frame_digest
from regime_platform.model.result_schema import TABLES
from regime_platform_tests.compute_db.result_frames import (
    MADE,
    empty_tables,
    result_frame,
    result_tables,
)
from regime_platform_tests.error_codes import raises
from regime_platform_tests.prepared_process import begun_script

_BUILD_FOR_EVER = """
import sys
from pathlib import Path
from regime_platform.compute_db.store import build
from regime_platform_tests.compute_db.result_frames import MADE, result_tables
tables = result_tables(int(sys.argv[2]), seed=7)
ready()
while True:
    build(Path(sys.argv[1]), tables, MADE)
"""

_DIGESTS = """
from pathlib import Path
from regime_platform.compute_db.store import build
from regime_platform_tests.compute_db.result_frames import MADE, result_tables
import sys
print(sorted(build(Path(sys.argv[1]), result_tables(), MADE).tables.items()))
"""


@pytest.mark.parametrize("seed", range(4))
def test_every_table_comes_back_as_it_was_given(tmp_path: Path, seed: int) -> None:
    tables = result_tables(60, seed)

    build(tmp_path / "compute.db", tables, MADE)

    for name, given in tables.items():
        rows = read_table(tmp_path / "compute.db", name)
        assert rows.schema == TABLES[name]
        assert rows.equals(given, null_equal=True)
        assert frame_digest(rows) == frame_digest(given)


def test_nan_infinity_and_the_sign_of_zero_come_back_as_they_are(tmp_path: Path) -> None:
    odd = [float("nan"), float("inf"), -float("inf"), -0.0, 0.0, 5e-324, None]
    tables = result_tables(7)
    state = result_frame("state_history", 7).with_columns(pl.Series("price", odd))

    stored = build(tmp_path / "compute.db", tables | {"state_history": state}, MADE)

    rows = read_table(tmp_path / "compute.db", "state_history")
    assert frame_digest(rows) == frame_digest(state)
    assert stored.tables["state_history"] == table_digest("state_history", rows)


def test_build_returns_the_lineage_it_stored_with_the_digest_of_each_table(tmp_path: Path) -> None:
    tables = result_tables()

    stored = build(tmp_path / "compute.db", tables, MADE)

    digests = {name: table_digest(name, tables[name]) for name in TABLES}
    assert stored == MADE.lineage([], digests)
    assert read_lineage(tmp_path / "compute.db") == stored


def test_a_symbol_with_nothing_to_compute_has_a_valid_file_with_empty_tables(
    tmp_path: Path,
) -> None:
    build(tmp_path / "compute.db", empty_tables(), MADE)

    for name, schema in TABLES.items():
        assert read_table(tmp_path / "compute.db", name).equals(schema.to_frame())


@pytest.mark.slow
def test_the_same_results_give_the_same_digests_in_another_process(tmp_path: Path) -> None:
    here = build(tmp_path / "here.db", result_tables(), MADE).tables

    there = subprocess.run(
        [sys.executable, "-c", _DIGESTS, str(tmp_path / "there.db")],
        env={**os.environ, "POLARS_MAX_THREADS": "1", "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert there.stdout.strip() == str(sorted(here.items()))


def test_nothing_in_the_file_depends_on_when_it_was_built(tmp_path: Path) -> None:
    tables = result_tables()

    for name in ("first.db", "second.db"):
        build(tmp_path / name, tables, MADE)

    first, second = (_everything(tmp_path / name) for name in ("first.db", "second.db"))
    assert first == second


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    tables = result_tables()
    del tables["forward_labels"]

    with raises(ResultsError, "table-schema", match="forward_labels"):
        build(tmp_path / "compute.db", tables, MADE)


def test_a_reader_keeps_the_old_file_while_a_new_one_is_built(tmp_path: Path) -> None:
    path = tmp_path / "compute.db"
    build(path, result_tables(30), MADE)

    with duckdb.connect(str(path), read_only=True) as holder:
        build(path, result_tables(50), MADE)
        seen = holder.execute("SELECT count(*) FROM state_history").fetchall()

    assert seen == [(60,)]
    assert read_table(path, "state_history").height == 100


@pytest.mark.slow
def test_readers_see_the_old_or_the_new_file_and_never_a_mixture(tmp_path: Path) -> None:
    path = tmp_path / "compute.db"
    versions = [result_tables(rows, seed=rows) for rows in (20, 30)]
    whole = {frame_digest(version["state_history"]) for version in versions}
    build(path, versions[0], MADE)
    finished = threading.Event()

    def publish_often() -> None:
        for turn in range(12):
            build(path, versions[turn % 2], MADE)
        finished.set()

    publisher = threading.Thread(target=publish_often)
    publisher.start()
    seen = set()
    while not finished.is_set():
        seen.add(frame_digest(read_table(path, "state_history")))
    publisher.join()

    assert seen <= whole
    assert seen


@pytest.mark.slow
def test_killing_a_build_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "compute.db"
    old = build(path, result_tables(10), MADE)
    new = None
    for delay in (0.0, 0.02, 0.1, 0.3):
        builder = begun_script(_BUILD_FOR_EVER, path, 3000)
        _wait_for(lambda: any(tmp_path.glob(".tmp-*")))
        time.sleep(delay)
        builder.kill()
        builder.join()

        lineage = read_lineage(path)
        if lineage != old:  # a whole build came through before the kill
            new = new or lineage
            assert lineage == new
        digest = table_digest("state_history", read_table(path, "state_history"))
        assert digest == lineage.tables["state_history"]


def _wait_for(condition: object) -> None:
    deadline = time.monotonic() + 200
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.001)


def _everything(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
        return {
            name: connection.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608
            for name in names
        }
