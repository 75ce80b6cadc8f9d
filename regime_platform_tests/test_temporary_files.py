"""Temporary files of killed writers are removed; those of running writers stay."""

import subprocess
import sys
from pathlib import Path

import pytest

from regime_platform.files import write_atomically, write_bytes, write_cache
from regime_platform.temporary_files import sweep_below, sweep_temporary


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
