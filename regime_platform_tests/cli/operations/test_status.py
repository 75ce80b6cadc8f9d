"""`regime status`: its rows, and the exit codes of `--check` for monitors."""

import datetime as dt
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

from regime_platform.cli.main import main
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Ended, Regime
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import contents, later, serve, street, with_value

BARS = make_bars(300)


DUE: dt.datetime = later(BARS["ts"][-1], 30)  # the next bar is not over yet


Check = Callable[..., Ended]


@pytest.fixture
def settings(tmp_path) -> Settings:  # type: ignore[no-untyped-def]
    """A symbol that has every bar that is due, in the first minutes after the last one."""
    made = street(tmp_path, ["ELM"])
    serve(made, "ELM", "1day", BARS)
    workspace = RunWorkspace.open(made)
    refresh_board(workspace, list(run_symbols(workspace, workspace.universe.instruments, NOW)))
    return made


@pytest.fixture
def check(settings: Settings, regime: Regime) -> Check:
    """Runs the check at ``DUE``."""

    def run(*arguments: str, now: dt.datetime = DUE) -> Ended:
        return regime("status", "--check", "--now", now.isoformat(), *arguments, settings=settings)

    return run


def _beat(settings: Settings, age: float = 10.0) -> None:
    """A sign of life of every part of the daemon, so many seconds before ``DUE``."""
    with open_instance(settings) as instance:
        for kind in instance.get_required_daemon_types():
            beat = DaemonHeartbeat(DUE.timestamp() - age, kind, "daemon", errors=[])
            instance.add_daemon_heartbeat(beat)


@contextmanager
def _lock_taken(settings: Settings, since: float) -> Iterator[None]:
    """The lock of the daemon, taken so many seconds before ``DUE``."""
    path = settings.data_root / "dagster" / "daemon.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        os.utime(path, (0, DUE.timestamp() - since))
        yield


def test_healthy(settings: Settings, check: Check) -> None:
    _beat(settings)

    ended = check()

    assert (ended.code, ended.out) == (0, "healthy\n")
    assert json.loads(check("--json").out) == {"exit_code": 0, "problems": []}


def test_heartbeat_from_a_clock_ahead_does_not_count(settings: Settings, check: Check) -> None:
    _beat(settings, age=-3600)
    ahead = check()
    _beat(settings, age=-60)

    assert (ahead.code, "daemon" in ahead.out) == (1, True)
    assert check().code == 0


def test_no_daemon_is_1_and_the_check_creates_nothing(settings: Settings, check: Check) -> None:
    before = contents(settings.data_root)

    ended = check()

    assert ended.code == 1
    assert ended.out.splitlines() == [
        "daemon: not running: nothing is fetched; see docs/operations.md, daemon"
    ]
    assert contents(settings.data_root) == before
    assert not (settings.data_root / "dagster").exists()


def test_a_daemon_that_died_a_while_ago_is_1(settings: Settings, check: Check) -> None:
    _beat(settings, age=600)

    assert check().code == 1


def test_a_daemon_that_holds_its_lock_and_does_nothing_is_1(
    settings: Settings, check: Check
) -> None:
    _beat(settings, age=7200)
    with _lock_taken(settings, since=9000):
        hangs = check()
    with _lock_taken(settings, since=60):  # it was just started after an outage
        starts = check()

    assert hangs.code == 1
    assert "restart the daemon" in hangs.out
    assert starts.code == 0


def test_one_part_of_the_daemon_that_hangs_is_1_and_named(settings: Settings, check: Check) -> None:
    _beat(settings)
    with open_instance(settings) as instance:
        old = DaemonHeartbeat(DUE.timestamp() - 7200, "SCHEDULER", "daemon", errors=[])
        instance.add_daemon_heartbeat(old)

    with _lock_taken(settings, since=9000):
        ended = check()

    assert ended.code == 1
    assert "no sign of life of scheduler for half an hour" in ended.out


def test_late_series_and_failed_runs_are_3_with_a_line_each(
    settings: Settings, check: Check
) -> None:
    _beat(settings)
    with open_instance(settings) as instance:
        run = dg.DagsterRun("update_daily", status=dg.DagsterRunStatus.FAILURE)
        instance.add_run(run)

    ended = check("--json", now=DUE + dt.timedelta(seconds=60))
    late = check("--json", now=later(DUE, 100))

    problems = {problem["what"]: problem for problem in json.loads(ended.out)["problems"]}
    assert ended.code == 3
    assert set(problems) == {"update_daily", "failed runs of a day"}
    assert all(problem["remedy"] for problem in problems.values())
    assert late.code == 1  # a hundred hours after its last sign of life
    assert "1: ELM 1day" in late.out


def test_a_blocked_symbol_is_3_with_its_reason(settings: Settings, check: Check) -> None:
    _beat(settings)
    serve(settings, "ELM", "1day", with_value(make_bars(301), 200, high=1.0))
    workspace = RunWorkspace.open(settings)
    refresh_board(workspace, list(run_symbols(workspace, workspace.universe.instruments, NOW)))

    ended = check()

    assert ended.code == 3
    (line,) = ended.out.splitlines()
    assert line.startswith("blocked: 1: ELM blocked: 1day: high_low_order rejected 1 bar")
    assert line.endswith("then `regime run ELM`")


@pytest.mark.parametrize("name", ["universe.yaml", "board.parquet"])
def test_what_cannot_be_read_is_1_and_named(settings: Settings, check: Check, name: str) -> None:
    _beat(settings)
    (settings.data_root / name).write_bytes(b"\xff\xfe nonsense")

    ended = check("--json")

    document = json.loads(ended.out)
    assert ended.code == document["exit_code"] == 1
    assert name in document["problems"][0]["problem"]


def test_missing_data_root_is_1(settings: Settings, check: Check) -> None:
    settings.data_root.rename(settings.data_root.with_name("elsewhere"))

    ended = check()

    assert ended.code == 1
    assert "is no folder; mount it" in ended.out
    assert not settings.data_root.exists()


def test_table_shows_damage_and_everything_else(settings: Settings, regime: Regime) -> None:
    (settings.data_root / "board.parquet").write_bytes(b"nonsense")

    ended = regime("status", "--now", DUE.isoformat(), "--json", settings=settings)

    rows = {row["what"]: row for row in json.loads(ended.out)["rows"]}
    assert ended.code == 1
    assert "board.parquet is damaged" in rows["board"]["found"]
    assert {"daemon", "runs", "board", "disk"} <= set(rows)


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--json"])
    assert isinstance(ended.value.code, int)
    return ended.value.code, json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("operated")
def test_status_names_blocked_and_stale_symbols_and_a_missing_daemon(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--all", "--now", NOW.isoformat()])

    code, document = _json(capsys, "status", "--stale-code", "--now", NOW.isoformat())

    rows = {row["what"]: row for row in document["rows"]}
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

    _code, document = _json(capsys, "status", "--stale-code", "--now", NOW.isoformat())

    first = document["rows"][0]
    assert first["what"] == "stale code"
    assert first["found"].endswith("other params_fingerprint; `regime compute --force`: ELM")
