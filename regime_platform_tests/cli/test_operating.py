"""What an operator runs: status, service, backup."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from regime_platform.cli.main import main
from regime_platform.cli.operations.daemon_lock import hold_daemon_lock, is_daemon_running
from regime_platform.errors import UsageError
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.run import run_symbols
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import serve, street, with_value


@pytest.fixture
def operated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A good symbol and one that the gate holds back; both end years ago."""
    settings = street(tmp_path, ["ELM", "OAK"])
    bars = make_bars(300)
    serve(settings, "ELM", "1day", bars)
    serve(settings, "OAK", "1day", with_value(bars, 200, high=1.0))
    monkeypatch.setenv("REGIME_DATA_ROOT", str(settings.data_root))
    monkeypatch.setenv("REGIME_FILES_ROOT", str(settings.files_root))
    return settings


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--json"])
    assert isinstance(ended.value.code, int)
    return ended.value.code, json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("operated")
def test_status_names_who_is_held_back_who_is_stale_and_that_nothing_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--all", "--now", NOW.isoformat()])

    code, told = _json(capsys, "status", "--stale-code", "--now", NOW.isoformat())

    rows = {row["what"]: row for row in told["rows"]}
    assert code == 1
    assert rows["daemon"]["status"] == "wrong"
    assert "high_low_order rejected 1 bar" in rows["held back"]["found"]
    assert rows["stale"]["found"] == "3: ELM 1day; OAK 1day; OAK 1week"
    assert rows["stale code"]["status"] == "ok"
    assert "a year" in rows["disk"]["found"]
    assert next(iter(rows)) == "stale code"


def test_results_of_other_parameters_are_listed_first(
    operated: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = RunWorkspace.open(operated)
    list(run_symbols(workspace, workspace.universe.instruments, NOW))
    monkeypatch.setattr(type(workspace.params), "fingerprint", lambda _self: "another")

    _code, told = _json(capsys, "status", "--stale-code", "--now", NOW.isoformat())

    first = told["rows"][0]
    assert first["what"] == "stale code"
    assert first["found"].endswith("other params_fingerprint; `regime compute --force`: ELM")


def test_the_units_name_this_installation_its_data_root_and_a_loopback_webserver(
    operated: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["service", "install", "--user", "desk"])

    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert told.count("User=desk") == 2
    assert told.count(f"Environment=REGIME_DATA_ROOT={operated.data_root}") == 2
    command = Path(sys.executable).with_name("regime")
    assert f"ExecStart={command} service daemon\n" in told
    assert f"ExecStart={command} service webserver\n" in told
    assert command.exists()


def test_a_second_daemon_on_a_data_root_is_refused(operated: Settings) -> None:
    hold = (
        "import sys, time; "
        "from regime_platform.cli.operations.daemon_lock import hold_daemon_lock; "
        "from regime_platform.settings import Settings; hold_daemon_lock(Settings()); "
        "print('held', flush=True); sys.stdin.read()"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", hold],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"

    assert is_daemon_running(operated)
    with raises(UsageError, "daemon-running"):
        hold_daemon_lock(operated)
    first.kill()
    first.communicate()

    assert not is_daemon_running(operated)


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
