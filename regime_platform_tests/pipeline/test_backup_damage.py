"""Damage on either side of a backup, and processes killed while they make or restore one."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.layout import DataRoot
from regime_platform.cli.main import main
from regime_platform.errors import UsageError
from regime_platform.operations.backup.backup import backup
from regime_platform.operations.backup.copies import CHECKED_EVERY
from regime_platform.operations.backup.listing import BackupError
from regime_platform.operations.backup.restore import restore
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.run import run_symbols
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import contents, later, serve, street
from regime_platform_tests.tampering import tamper

SYMBOLS = ("ELM", "OAK")
BARS = 700  # every table of results has rows
ROWS = [(number, "x" * 50) for number in range(999)]
DATABASE = "dagster/storage/runs.db"

#: Makes the backup of argv[1] into argv[2] in a child that is killed at the argv[4]-th change of
#: the file system, for every number given; each works on its own copy of argv[2] below argv[3].
_KILLED = """
import datetime as dt, os, shutil, signal, sys
from pathlib import Path
from regime_platform.bar_store.layout import DataRoot
from regime_platform.operations.backup.backup import backup
from regime_platform.operations.backup.restore import restore
what, source, target, folder, *moments = sys.argv[1:]
events = {"os.rename", "os.remove", "os.rmdir", "os.mkdir"}
for moment in moments:
    own = Path(folder) / moment
    if what == "backup":
        shutil.copytree(target, own)
    child = os.fork()
    if child == 0:
        seen = 0
        def die(event, arguments):
            global seen
            seen += event in events and not (event == "os.remove" and ".tmp-" in str(arguments[0]))
            if seen == int(moment):
                seen += 1  # killing is an event too
                os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(die)
        if what == "backup":
            backup(DataRoot(Path(source)), own, dt.datetime(2026, 11, 21, tzinfo=dt.UTC))
        else:
            restore(Path(source), own)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backed-up")
    settings = street(folder, SYMBOLS)
    for seed, symbol in enumerate(SYMBOLS):
        serve(settings, symbol, "1day", make_bars(BARS, seed=seed))
    _run(settings)
    database = settings.data_root / DATABASE
    database.parent.mkdir(parents=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE runs (id INTEGER, text TEXT)")
        connection.executemany("INSERT INTO runs VALUES (?, ?)", ROWS)
    return folder


@pytest.fixture
def used(_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two symbols with results, and something that looks like Dagster's state."""
    shutil.copytree(_once, tmp_path / "used")
    settings = street(tmp_path / "used", SYMBOLS)
    monkeypatch.setenv("REGIME_DATA_ROOT", str(settings.data_root))
    return settings


@pytest.fixture
def copy(used: Settings, tmp_path: Path) -> Path:
    """A backup of ``used``."""
    backup(DataRoot(used.data_root), tmp_path / "copy", NOW)
    return tmp_path / "copy"


def test_a_flipped_bit_anywhere_in_a_backup_is_refused_and_brings_nothing_back(
    copy: Path, tmp_path: Path
) -> None:
    chance = random.Random(1)
    files = sorted(path for path in copy.rglob("*") if path.is_file() and path.name != ".lock")
    other = tmp_path / "other"
    for path in [*chance.choices(files, k=20), copy / "backup.json", copy / DATABASE]:
        before = path.read_bytes()
        _flip(path, chance)
        with pytest.raises(BackupError, match=path.name.replace(".", r"\.")):
            restore(copy, other)
        path.write_bytes(before)
    assert not other.exists()

    assert restore(copy, other).is_proven


def test_what_is_sound_can_be_restored_without_what_is_damaged(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _flip(copy / "assets/OAK/compute.db", random.Random(2))
    monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path / "other"))

    assert _exit_code("restore", str(copy)) == 1
    assert "compute.db is missing or damaged" in capsys.readouterr().err
    assert _exit_code("restore", str(copy), "--skip-damaged") == 3

    assert "OAK was left out" in capsys.readouterr().err
    assert (tmp_path / "other/assets/ELM/compute.db").exists()
    assert not (tmp_path / "other/assets/OAK").exists()


def test_a_damaged_copy_is_found_in_its_turn_and_made_anew(used: Settings, copy: Path) -> None:
    path = copy / "assets/OAK/compute.db"
    sound = path.read_bytes()
    _flip(path, random.Random(3))
    state = path.stat()
    for day in range(1, CHECKED_EVERY + 1):
        at = later(NOW, 24 * day)
        if backup(DataRoot(used.data_root), copy, at).damaged_copies:
            break

    assert path.read_bytes() == sound
    _flip(path, random.Random(4))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    made = backup(DataRoot(used.data_root), copy, NOW, check_all=True)
    assert made.damaged_copies == ("assets/OAK/compute.db",)
    assert path.read_bytes() == sound


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
        _flip(raw, chance)
        assert "its bytes are not those its name promises" in str(backup(root, copy, NOW).kept)
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

    assert _exit_code("backup", str(copy)) == 3

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


def test_a_backup_killed_at_any_moment_leaves_the_last_one_or_the_new_one(
    used: Settings, copy: Path, tmp_path: Path
) -> None:
    before = _restored(copy, tmp_path)
    serve(used, "OAK", "1day", make_bars(BARS + 1, seed=1))
    _run(used)
    shutil.rmtree(used.data_root / "assets/ELM")
    with closing(sqlite3.connect(used.data_root / DATABASE)) as connection, connection:
        connection.execute("DELETE FROM runs WHERE id > 7")
    shutil.copytree(copy, tmp_path / "whole")
    backup(DataRoot(used.data_root), tmp_path / "whole", NOW)
    after = _restored(tmp_path / "whole", tmp_path)
    moments = [str(number) for number in (1, 14, 24, 30, 34, 38, 999)]

    ends = _killed("backup", used.data_root, copy, tmp_path / "killed", moments)

    seen = []
    for moment in moments:
        folder = tmp_path / "killed" / moment
        seen.append(_restored(folder, tmp_path))
        backup(DataRoot(used.data_root), folder, NOW)
        assert _restored(folder, tmp_path) == after
        assert not [path for path in folder.rglob("*") if path.name.startswith((".new", ".tmp"))]
    assert ends.count(-signal.SIGKILL) == 6
    assert seen[0] == before
    assert seen[-1] == after
    assert all(state in (before, after) for state in seen)


def test_a_first_backup_that_was_killed_is_no_backup_and_the_next_one_goes_on_from_it(
    used: Settings, tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    _killed("backup", used.data_root, tmp_path / "nothing", tmp_path / "killed", ["25"])
    folder = tmp_path / "killed" / "25"

    with pytest.raises(UsageError, match="one that was interrupted"):
        restore(folder, tmp_path / "other")
    whole = backup(DataRoot(used.data_root), tmp_path / "whole", NOW)
    made = backup(DataRoot(used.data_root), folder, NOW)

    assert made.copied < whole.copied
    assert _restored(folder, tmp_path) == _restored(tmp_path / "whole", tmp_path)


def test_a_restore_that_was_killed_goes_on(copy: Path, tmp_path: Path) -> None:
    ends = _killed("restore", copy, copy, tmp_path / "other", ["9", "17"])

    assert ends == [-signal.SIGKILL] * 2
    for moment in ("9", "17"):
        root = tmp_path / "other" / moment
        restore(copy, root)
        assert contents(root) == _restored(copy, tmp_path)
        with pytest.raises(UsageError, match="holds symbols already"):
            restore(copy, root)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hostname", "assets/../../x", "a/./b", ""])
def test_names_that_lead_out_of_the_data_root_are_refused_before_anything_is_written(
    copy: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "outside.txt").write_text("before")
    document = {"made_at": "2026-01-01T00:00:00Z", "data_root": "/", "files": {name: 6}}
    (copy / "backup.json").write_text(json.dumps(document))

    with pytest.raises(BackupError, match=r"backup\.json cannot be trusted"):
        restore(copy, tmp_path / "other")

    assert not (tmp_path / "other").exists()
    assert (tmp_path / "outside.txt").read_text() == "before"


def test_a_link_that_leads_out_of_a_data_root_is_not_followed(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/dagster").symlink_to(tmp_path / "outside")

    with pytest.raises(BackupError, match="symbolic link"):
        restore(copy, tmp_path / "other")

    assert list((tmp_path / "outside").iterdir()) == []


def test_a_backup_of_the_release_before_is_restored_and_then_made_provable(
    used: Settings, copy: Path, tmp_path: Path
) -> None:
    document = json.loads((copy / "backup.json").read_text())
    sizes = {name: entry["bytes"] for name, entry in document["files"].items()}
    earlier = {"made_at": document["made_at"], "data_root": "x", "files": sizes}
    (copy / "backup.json").write_text(json.dumps(earlier))
    expected = _restored(copy, tmp_path)

    assert not restore(copy, tmp_path / "other").is_proven
    made = backup(DataRoot(used.data_root), copy, NOW)

    assert made.copied == 1  # Dagster's database
    assert restore(copy, tmp_path / "another").is_proven
    assert _restored(copy, tmp_path).keys() == expected.keys()


def test_what_is_unchanged_is_not_copied_again_and_nothing_is_written(
    used: Settings, copy: Path
) -> None:
    before = {path: path.stat().st_ino for path in copy.rglob("*") if path.is_file()}

    made = backup(DataRoot(used.data_root), copy, later(NOW))

    after = {path: path.stat().st_ino for path in copy.rglob("*") if path.is_file()}
    assert made.copied == 0
    assert {path.name for path in after if after[path] != before[path]} == {"backup.json"}


def test_a_data_root_that_lost_all_symbols_does_not_empty_its_backup(
    used: Settings, copy: Path
) -> None:
    before = contents(copy)
    shutil.rmtree(used.data_root / "assets")

    with pytest.raises(UsageError, match="has no symbols and the backup"):
        backup(DataRoot(used.data_root), copy, NOW)

    assert contents(copy) == before


def _run(settings: Settings) -> None:
    workspace = RunWorkspace.open(settings)
    assert all(
        run_symbol.status.is_good
        for run_symbol in run_symbols(workspace, workspace.universe.instruments, NOW)
    )


def _flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(7)
    path.write_bytes(bytes(data))


def _exit_code(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


def _restored(folder: Path, tmp_path: Path) -> dict[str, str]:
    """What a restore brings back: names and digests of all files."""
    other = tmp_path / "restored"
    restore(folder, other)
    files = dict(contents(other))
    shutil.rmtree(other)
    return files


def _killed(what: str, source: Path, target: Path, folder: Path, moments: list[str]) -> list[int]:
    folder.mkdir()
    command = [sys.executable, "-c", _KILLED, what, source, target, folder, *moments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [int(line) for line in ended.stdout.split()]
