"""The listing of a backup: names that lead elsewhere, and that of an earlier release."""

import json
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.operations.backup.backup import backup
from regime_platform.operations.backup.folder import BackupError
from regime_platform.operations.backup.restore import restore
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW
from regime_platform_tests.error_codes import raises
from regime_platform_tests.operations.backup.backed_up import restored


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hostname", "assets/../../x", "a/./b", ""])
def test_names_that_lead_out_of_the_data_root_are_refused_before_anything_is_written(
    copy: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "outside.txt").write_text("before")
    document = {"made_at": "2026-01-01T00:00:00Z", "data_root": "/", "files": {name: 6}}
    (copy / "backup.json").write_text(json.dumps(document))

    with raises(BackupError, "unsafe-path", match=r"backup\.json"):
        restore(copy, tmp_path / "other")

    assert not (tmp_path / "other").exists()
    assert (tmp_path / "outside.txt").read_text() == "before"


def test_a_backup_of_the_release_before_is_restored_and_then_made_provable(
    used: Settings, copy: Path, tmp_path: Path
) -> None:
    document = json.loads((copy / "backup.json").read_text())
    sizes = {name: entry["bytes"] for name, entry in document["files"].items()}
    earlier = {"made_at": document["made_at"], "data_root": "x", "files": sizes}
    (copy / "backup.json").write_text(json.dumps(earlier))
    expected = restored(copy, tmp_path)

    assert not restore(copy, tmp_path / "other").is_proven
    made = backup(DataRoot(used.data_root), copy, NOW)

    assert made.copied == 1  # Dagster's database
    assert restore(copy, tmp_path / "another").is_proven
    assert restored(copy, tmp_path).keys() == expected.keys()
