"""`regime backup` and `regime restore`."""

from pathlib import Path

import pytest

from regime_platform.cli.main import main
from regime_platform_tests.conftest import NOW


@pytest.mark.usefixtures("operated")
def test_backup_and_restore_by_command(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SystemExit):
        main(["run", "ELM", "--now", NOW.isoformat()])
    for command in (["backup"], ["restore"]):
        with pytest.raises(SystemExit) as ended:
            main([*command, str(tmp_path / "kept")])
        assert ended.value.code == 0
        monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path / "other"))

    assert "files" in capsys.readouterr().out
    assert (tmp_path / "other" / "assets" / "ELM" / "compute.db").exists()
