"""Temporary files of killed writers are removed; those of running writers stay."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from regime_platform.files import write_atomically, write_bytes, write_cache
from regime_platform.temporary_files import (
    _another_private_folder,
    cache_temporary,
    is_private_to_write,
    spill_folder,
    sweep_below,
    sweep_temporary,
)


def test_sweeping_a_missing_folder_does_nothing(tmp_path: Path) -> None:
    sweep_temporary(tmp_path / "none")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["", "dagster/x"])
def test_temporary_files_of_killed_writers_are_removed_and_others_stay(
    tmp_path: Path, folder: str
) -> None:
    place = tmp_path / folder
    code = (
        "import sys; from pathlib import Path\n"
        "from regime_platform.files import write_atomically\n"
        "def slowly(temporary):\n"
        "    temporary.write_bytes(b'half')\n"
        "    Path(f'{temporary}.wal').write_bytes(b'log')\n"
        "    print('begun', flush=True)\n"
        "    sys.stdin.read()\n"
        "    temporary.write_bytes(b'whole')\n"
        "write_atomically(Path(sys.argv[1]), slowly)\n"
    )
    with (
        _begun(code, str(place / "killed.db")) as killed,
        _begun(code, str(place / "living.db")) as living,
    ):
        write_bytes(place / "others.db", b"")
        sweep_below(tmp_path)
        assert len(list(place.glob(".tmp-*"))) == 4
        killed.kill()
        killed.wait()
        (place / ".tmp-download").write_text("of another program")
        write_bytes(place / "others.db", b"")
        assert len(list(place.glob(".tmp-regime-*"))) == 2
        assert (place / ".tmp-download").exists()
        sweep_below(tmp_path)
        assert len(list(place.glob(".tmp-*"))) == 2
        living.communicate()
    assert {path.name for path in place.iterdir()} == {"living.db", "others.db"}
    assert (place / "living.db").read_bytes() == b"whole"


def test_a_writer_that_fails_leaves_no_log_of_its_database(tmp_path: Path) -> None:
    def fail(temporary: Path) -> None:
        Path(f"{temporary}.wal").write_bytes(b"log")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "compute.db", fail)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_cache_takes_over_what_its_killed_writer_left_and_is_not_written_by_two(
    tmp_path: Path,
) -> None:
    target = tmp_path / "AAPL.json"
    code = (
        "import sys; from pathlib import Path\n"
        "from regime_platform.temporary_files import cache_temporary\n"
        "with cache_temporary(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'half, and longer than the whole')\n"
        "    print('begun', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with _begun(code, str(target)) as writer:
        write_cache(target, b"whole")
        assert not target.exists()
        writer.kill()
        writer.wait()
    assert len(list(tmp_path.iterdir())) == 1

    write_cache(target, b"whole")

    assert target.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [target]


def test_a_cache_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "AAPL.json").mkdir()

    with pytest.raises(IsADirectoryError):
        write_cache(tmp_path / "AAPL.json", b"whole")

    assert [path.name for path in tmp_path.iterdir()] == ["AAPL.json"]


def _begun(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A process that is writing a file."""
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def test_what_duckdb_spills_is_readable_by_its_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = Path(spill_folder())
    query = "CREATE TABLE t AS SELECT i, repeat('x', 200) FROM range(1000000) r(i)"
    config: dict[str, Any] = {"memory_limit": "64MB", "temp_directory": str(folder)}

    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute(query)
        spilled = [*folder.iterdir()]

    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert spilled
    assert not folder.exists()  # DuckDB leaves nothing
    shutil.rmtree(folder.parent)  # as cleaners of old files do
    assert Path(spill_folder()) == folder
    assert folder.parent.is_dir()


@pytest.mark.parametrize("kind", ["link", "open to others", "of another user", "file"])
def test_a_spill_folder_that_others_prepared_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    prepared = Path(spill_folder()).parent
    if kind == "of another user":
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        prepared = prepared.rename(tmp_path / "regime_platform-12345")
    elif kind == "open to others":
        prepared.chmod(0o777)
    else:
        prepared.rmdir()
        prepared.touch() if kind == "file" else prepared.symlink_to(tmp_path)
    _another_private_folder.cache_clear()

    folder = Path(spill_folder())

    assert folder.parent != prepared
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert spill_folder() == str(folder)
    _another_private_folder.cache_clear()


def test_no_place_to_spill_costs_only_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))

    assert spill_folder() == ""


def test_only_files_of_the_user_and_root_that_others_cannot_write_are_private() -> None:
    def is_private(mode: int, owner: int) -> bool:
        return is_private_to_write(os.stat_result((mode, 1, 1, 1, owner, 0, 0, 0, 0, 0)))

    user = os.geteuid()

    assert [is_private(mode, user) for mode in (0o100644, 0o100600)] == [True, True]
    assert [is_private(mode, user) for mode in (0o100664, 0o100646)] == [False, False]
    assert [is_private(0o100644, owner) for owner in (0, user + 1)] == [True, False]


def test_a_link_in_place_of_a_temporary_file_of_a_cache_is_not_followed(tmp_path: Path) -> None:
    victim, target = tmp_path / "victim", tmp_path / "kept"
    victim.write_text("of somebody")
    (tmp_path / ".tmp-regime-kept").symlink_to(victim)

    with pytest.raises(OSError, match="symbolic links"), cache_temporary(target):
        pass

    assert victim.read_text() == "of somebody"
