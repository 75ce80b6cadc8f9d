"""`regime service`: systemd units, and one daemon per data root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from regime_platform.cli.main import main
from regime_platform.errors import UsageError
from regime_platform.orchestration.instance.daemon_lock import daemon_running_for, hold_daemon_lock
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW
from regime_platform_tests.error_codes import raises


def test_the_units_name_this_installation_its_data_root_and_a_loopback_webserver(
    operated: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["service", "install", "--user", "desk"])

    assert ended.value.code == 0
    units = capsys.readouterr().out
    assert units.count("User=desk") == 2
    assert units.count(f"Environment=REGIME_DATA_ROOT={operated.data_root}") == 2
    command = Path(sys.executable).with_name("regime")
    assert f"ExecStart={command} service daemon\n" in units
    assert f"ExecStart={command} service webserver\n" in units
    assert command.exists()


def test_a_second_daemon_on_a_data_root_is_refused(operated: Settings) -> None:
    hold = (
        "import sys, time; "
        "from regime_platform.orchestration.instance.daemon_lock import hold_daemon_lock; "
        "from regime_platform.settings import Settings; hold_daemon_lock(Settings()); "
        "print('locked', flush=True); sys.stdin.read()"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", hold],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert first.stdout is not None
    assert first.stdout.readline() == "locked\n"

    assert daemon_running_for(operated, NOW) is not None
    with raises(UsageError, "daemon-running", match=rf"process {first.pid} \(`python`\) since 20"):
        hold_daemon_lock(operated)
    first.kill()
    first.communicate()

    assert daemon_running_for(operated, NOW) is None
