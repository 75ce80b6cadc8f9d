"""Damage on either side of a backup, and processes killed while they make or restore one."""

import random
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.layout import DataRoot
from regime_platform.errors import UsageError
from regime_platform.operations.backup.backup import backup
from regime_platform.operations.backup.restore import restore
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.error_codes import raises
from regime_platform_tests.operations.backup.backed_up import (
    BARS,
    DATABASE,
    exit_code,
    flip,
    killed,
    restored,
    run_all,
)
from regime_platform_tests.scenario import contents, serve
from regime_platform_tests.tampering import tamper


def test_a_damaged_symbol_never_takes_the_place_of_its_good_copy(
    used: Settings, copy: Path, tmp_path: Path
) -> None:
    chance = random.Random(5)
    root, good = DataRoot(used.data_root), contents(copy / "assets/OAK")
    for _ in range(12):
        change = tamper(root.symbol("OAK"), chance)
        made = backup(root, copy, NOW)
        assert list(made.kept) == ["assets/OAK"], change
        assert contents(copy / "assets/OAK") == good
        change.undo()
    for raw in sorted(root.symbol("OAK").folder.glob("raw/*/*.parquet")):
        before = raw.read_bytes()
        flip(raw, chance)
        assert "its bytes do not match the digest in its name" in str(backup(root, copy, NOW).kept)
        raw.write_bytes(before)
    (root.symbol("OAK").manifest).unlink()
    assert "there is no manifest" in backup(root, copy, NOW).kept["assets/OAK"]

    restore(copy, tmp_path / "other")
    again = Settings(_env_file=None, REGIME_DATA_ROOT=tmp_path / "other")
    workspace = RunWorkspace.open(again)
    assert {
        verify(workspace, instrument).result for instrument in workspace.universe.instruments
    } == {"proven"}


def test_a_backup_names_what_is_damaged_and_ends_with_3(
    used: Settings, copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, universe = used.data_root, (copy / "universe.yaml").read_bytes()
    database = (copy / DATABASE).read_bytes()
    (root / "assets/OAK/verdict.json").write_text("{")
    (root / "universe.yaml").write_text("instruments: [")
    (root / DATABASE).write_bytes(b"no database at all" * 500)
    serve(used, "ELM", "1day", make_bars(BARS + 1, seed=0))

    assert exit_code("backup", str(copy)) == 3

    errors = capsys.readouterr().err
    assert "OAK was not copied; the backup keeps its last copy: verdict.json" in errors
    assert "universe.yaml was not copied" in errors
    assert "runs.db was not copied" in errors
    assert (copy / "universe.yaml").read_bytes() == universe
    assert (copy / DATABASE).read_bytes() == database
    assert restore(copy, tmp_path / "other").kept.keys() == {
        "assets/OAK",
        "universe.yaml",
        DATABASE,
    }


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_database_of_dagster_keeps_nothing_else_from_being_copied(
    used: Settings, tmp_path: Path, damage: str
) -> None:
    path = used.data_root / DATABASE
    data = bytearray(path.read_bytes())
    data[4096 : 4096 + 100] = bytes(100)
    whole = path.read_bytes()
    path.write_bytes({"flip": bytes(data), "cut": whole[:9000], "empty": b""}[damage])

    made = backup(DataRoot(used.data_root), tmp_path / "copy", NOW)

    assert "the database" in made.kept[DATABASE]
    restore(tmp_path / "copy", tmp_path / "other")
    assert contents(tmp_path / "other/assets") == {
        name: digest
        for name, digest in contents(used.data_root / "assets").items()
        if not name.endswith(".lock")
    }


def test_a_symbol_that_was_damaged_from_the_first_is_copied_and_named(
    used: Settings, tmp_path: Path
) -> None:
    target, root = tmp_path / "copy", DataRoot(used.data_root)
    results = root.symbol("OAK").compute_db
    sound = results.read_bytes()
    results.write_bytes(sound[:5000])

    assert "compute.db" in backup(root, target, NOW).damaged["assets/OAK"]
    assert "compute.db" in restore(target, tmp_path / "other").damaged["assets/OAK"]
    assert (tmp_path / "other/assets/OAK/raw").exists()
    assert "compute.db" in backup(root, target, NOW).damaged["assets/OAK"]
    results.write_bytes(sound)
    assert not backup(root, target, NOW).damaged


@pytest.mark.slow
def test_a_backup_killed_at_any_moment_leaves_the_last_one_or_the_new_one(
    used: Settings, copy: Path, tmp_path: Path
) -> None:
    before = restored(copy, tmp_path)
    serve(used, "OAK", "1day", make_bars(BARS + 1, seed=1))
    run_all(used)
    shutil.rmtree(used.data_root / "assets/ELM")
    with closing(sqlite3.connect(used.data_root / DATABASE)) as connection, connection:
        connection.execute("DELETE FROM runs WHERE id > 7")
    shutil.copytree(copy, tmp_path / "whole")
    backup(DataRoot(used.data_root), tmp_path / "whole", NOW)
    after = restored(tmp_path / "whole", tmp_path)
    moments = [str(number) for number in (1, 14, 24, 30, 34, 38, 999)]

    ends = killed("backup", used.data_root, copy, tmp_path / "killed", moments)

    seen = []
    for moment in moments:
        folder = tmp_path / "killed" / moment
        seen.append(restored(folder, tmp_path))
        backup(DataRoot(used.data_root), folder, NOW)
        assert restored(folder, tmp_path) == after
        assert not [path for path in folder.rglob("*") if path.name.startswith((".new", ".tmp"))]
    assert ends.count(-signal.SIGKILL) == 6
    assert seen[0] == before
    assert seen[-1] == after
    assert all(state in (before, after) for state in seen)


@pytest.mark.slow
def test_a_first_backup_that_was_killed_is_no_backup_and_the_next_one_goes_on_from_it(
    used: Settings, tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    killed("backup", used.data_root, tmp_path / "nothing", tmp_path / "killed", ["25"])
    folder = tmp_path / "killed" / "25"

    with raises(UsageError, "no-backup"):
        restore(folder, tmp_path / "other")
    whole = backup(DataRoot(used.data_root), tmp_path / "whole", NOW)
    made = backup(DataRoot(used.data_root), folder, NOW)

    assert made.copied < whole.copied
    assert restored(folder, tmp_path) == restored(tmp_path / "whole", tmp_path)


def test_a_data_root_that_lost_all_symbols_does_not_empty_its_backup(
    used: Settings, copy: Path
) -> None:
    before = contents(copy)
    shutil.rmtree(used.data_root / "assets")

    with raises(UsageError, "data-root-empty", match="REGIME_DATA_ROOT"):
        backup(DataRoot(used.data_root), copy, NOW)

    assert contents(copy) == before
