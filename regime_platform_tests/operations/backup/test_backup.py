"""A backup taken while the platform works brings everything back, or says that it cannot."""

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.locks import writing
from regime_platform.errors import UsageError
from regime_platform.operations.backup.backup import backup
from regime_platform.operations.backup.folder import BackupError
from regime_platform.operations.backup.restore import restore
from regime_platform.operations.universe_edits import remove
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform.sql_views.views import open_views
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import contents, serve, street

SYMBOLS = ("ELM", "OAK")


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backed-up")
    settings = street(folder, SYMBOLS)
    for seed, symbol in enumerate(SYMBOLS):
        serve(settings, symbol, "1day", make_bars(300, seed=seed))
    workspace = RunWorkspace.open(settings)
    assert all(
        run_symbol.status.is_good
        for run_symbol in run_symbols(workspace, workspace.universe.instruments, NOW)
    )
    state = settings.data_root / "dagster" / "storage"
    state.mkdir(parents=True)
    with closing(sqlite3.connect(state / "runs.db")) as database, database:
        database.execute("CREATE TABLE runs (id INTEGER)")
        database.execute("INSERT INTO runs VALUES (7)")
    return folder


@pytest.fixture
def used(_once: Path, tmp_path: Path) -> Settings:
    """Two processed symbols, and something that looks like Dagster's state."""
    shutil.copytree(_once, tmp_path / "used")
    return street(tmp_path / "used", SYMBOLS)


def _root(settings: Settings) -> DataRoot:
    return DataRoot(settings.data_root)


def test_what_is_restored_is_what_was_backed_up_and_needs_no_compute(
    used: Settings, tmp_path: Path
) -> None:
    target, other = tmp_path / "backup", DataRoot(tmp_path / "other")
    open_views(RunWorkspace.open(used)).close()  # leaves files that are in no backup

    made = backup(_root(used), target, NOW)
    brought = restore(target, other.path)

    assert made.files == brought.files
    assert not other.sql.exists()
    before = {n: t for n, t in contents(used.data_root).items() if not n.endswith(".lock")}
    assert contents(other.path) == before
    with closing(sqlite3.connect(other.path / "dagster/storage/runs.db")) as database:
        assert database.execute("SELECT id FROM runs").fetchall() == [(7,)]
    again = Settings(_env_file=None, REGIME_DATA_ROOT=other.path, REGIME_FILES_ROOT=used.files_root)
    workspace = RunWorkspace.open(again)
    processed = list(run_symbols(workspace, workspace.universe.instruments, NOW))
    assert {path.status for path in processed} == {Status.UNCHANGED}


def test_a_second_backup_copies_what_changed_and_forgets_what_is_gone(
    used: Settings, tmp_path: Path
) -> None:
    target = tmp_path / "backup"
    first = backup(_root(used), target, NOW)
    serve(used, "OAK", "1day", make_bars(301, seed=1))
    workspace = RunWorkspace.open(used)
    list(run_symbols(workspace, workspace.universe.instruments, NOW))
    shutil.rmtree(used.data_root / "assets" / "ELM")
    remove(used, ["ELM"])

    second = backup(_root(used), target, NOW)

    assert 0 < second.copied < first.copied
    assert second.removed > 0
    assert not (target / "assets" / "ELM").exists()
    restore(target, tmp_path / "other")
    oak = contents(tmp_path / "other" / "assets" / "OAK")
    assert oak == {
        name: text
        for name, text in contents(used.data_root / "assets" / "OAK").items()
        if name != ".lock"
    }


def test_a_symbol_whose_folder_vanished_keeps_its_copy_as_long_as_the_universe_has_it(
    used: Settings, tmp_path: Path
) -> None:
    target = tmp_path / "backup"
    backup(_root(used), target, NOW)
    good = contents(target / "assets" / "ELM")
    shutil.rmtree(used.data_root / "assets" / "ELM")

    made = backup(_root(used), target, NOW)

    assert made.kept == {"assets/ELM": "the folder is gone"}
    assert contents(target / "assets" / "ELM") == good


def test_what_is_no_data_root_makes_no_backup(tmp_path: Path) -> None:
    with raises(UsageError, "no-data-root", match="REGIME_DATA_ROOT"):
        backup(DataRoot(tmp_path / "typo"), tmp_path / "backup", NOW)


def test_a_symbol_is_not_copied_while_it_is_written(used: Settings, tmp_path: Path) -> None:
    done: list[int] = []

    def back_up() -> None:
        done.append(backup(_root(used), tmp_path / "backup", NOW).files)

    with writing(_root(used).symbol("ELM")):
        thread = threading.Thread(target=back_up)
        thread.start()
        thread.join(0.5)
        assert done == []
        assert not (tmp_path / "backup" / "backup.json").exists()
    thread.join(200)

    assert len(done) == 1


def test_a_backup_that_was_interrupted_or_damaged_is_not_restored(
    used: Settings, tmp_path: Path
) -> None:
    target, other = tmp_path / "backup", DataRoot(tmp_path / "other")
    backup(_root(used), target, NOW)
    board = target / "assets" / "OAK" / "verdict.json"
    board.write_text(board.read_text()[:-10])
    with raises(BackupError, "copies-damaged", match=r"verdict\.json"):
        restore(target, other.path)
    (target / "backup.json").unlink()
    with raises(UsageError, "no-backup"):
        restore(target, other.path)

    assert not other.path.exists()


def test_nothing_is_overwritten_that_is_no_backup(used: Settings, tmp_path: Path) -> None:
    target = tmp_path / "letters"
    target.mkdir()
    (target / "letter.txt").write_text("dear")
    with raises(UsageError, "no-backup-folder", match="letters"):
        backup(_root(used), target, NOW)
    with raises(UsageError, "backup-in-data-root"):
        backup(_root(used), used.data_root / "backup", NOW)
    backup(_root(used), tmp_path / "backup", NOW)
    with raises(UsageError, "data-root-in-use", match="REGIME_DATA_ROOT"):
        restore(tmp_path / "backup", used.data_root)

    assert (target / "letter.txt").read_text() == "dear"
