"""What a restore refuses, leaves out and finishes."""

import random
import signal
from pathlib import Path

import pytest

from regime_platform.errors import UsageError
from regime_platform.operations.backup.folder import BackupError
from regime_platform.operations.backup.restore import restore
from regime_platform_tests.error_codes import raises
from regime_platform_tests.operations.backup.backed_up import (
    DATABASE,
    exit_code,
    flip,
    killed,
    restored,
)
from regime_platform_tests.scenario import contents


def test_a_flipped_bit_anywhere_in_a_backup_is_refused_and_brings_nothing_back(
    copy: Path, tmp_path: Path
) -> None:
    chance = random.Random(1)
    files = sorted(path for path in copy.rglob("*") if path.is_file() and path.name != ".lock")
    other = tmp_path / "other"
    for path in [*chance.choices(files, k=20), copy / "backup.json", copy / DATABASE]:
        before = path.read_bytes()
        flip(path, chance)
        with pytest.raises(BackupError, match=path.name.replace(".", r"\.")):
            restore(copy, other)
        path.write_bytes(before)
    assert not other.exists()

    assert restore(copy, other).is_proven


def test_what_is_sound_can_be_restored_without_what_is_damaged(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(copy / "assets/OAK/compute.db", random.Random(2))
    monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path / "other"))

    assert exit_code("restore", str(copy)) == 1
    assert "compute.db is missing or damaged" in capsys.readouterr().err
    assert exit_code("restore", str(copy), "--skip-damaged") == 3

    printed = capsys.readouterr()
    assert ("OAK was left out" in printed.err, "1 left out" in printed.out) == (True, True)
    assert (tmp_path / "other/assets/ELM/compute.db").exists()
    assert not (tmp_path / "other/assets/OAK").exists()


@pytest.mark.slow
def test_a_restore_that_was_killed_goes_on(copy: Path, tmp_path: Path) -> None:
    ends = killed("restore", copy, copy, tmp_path / "other", ["9", "17"])

    assert ends == [-signal.SIGKILL] * 2
    for moment in ("9", "17"):
        root = tmp_path / "other" / moment
        restore(copy, root)
        assert contents(root) == restored(copy, tmp_path)
        with raises(UsageError, "data-root-in-use"):
            restore(copy, root)


def test_a_link_that_leads_out_of_a_data_root_is_not_followed(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/dagster").symlink_to(tmp_path / "outside")

    with raises(BackupError, "unsafe-path", match="dagster/storage/runs.db"):
        restore(copy, tmp_path / "other")

    assert list((tmp_path / "outside").iterdir()) == []
