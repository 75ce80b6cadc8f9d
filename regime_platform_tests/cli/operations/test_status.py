"""`regime status`: its rows, and the exit codes of `--check` for monitors."""

import datetime as dt
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat
from pydantic import SecretStr

from regime_platform.orchestration.alerts.channels import Alert, send_alert
from regime_platform.orchestration.events import overview
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.pipeline.board import rebuild_board, refresh_board
from regime_platform.pipeline.outbox import Outbox
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Ended, Regime, document_of
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import contents, later, serve, street, with_value

BARS = make_bars(300)


DUE: dt.datetime = later(BARS["ts"][-1], 30)  # the next bar is not over yet


Check = Callable[..., Ended]


@pytest.fixture(scope="module")
def _run_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run-once")
    made = street(folder, ["ELM"])
    serve(made, "ELM", "1day", BARS)
    workspace = RunWorkspace.open(made)
    refresh_board(workspace, list(run_symbols(workspace, workspace.universe.instruments, NOW)))
    return folder


@pytest.fixture
def settings(_run_once: Path, tmp_path: Path) -> Settings:
    """A symbol that has every bar that is due, in the first minutes after the last one."""
    shutil.copytree(_run_once, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, ["ELM"])


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


@pytest.mark.slow
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
    assert set(problems) == {"update_daily", "runs"}
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
    assert line.startswith("blocked: 1: ELM 1day: high_low_order rejected 1 bar")
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


def test_a_damaged_board_is_one_error_and_everything_else_is_shown(
    settings: Settings, regime: Regime
) -> None:
    (settings.data_root / "board.parquet").write_bytes(b"nonsense")

    rows = _rows(regime("status", "--now", DUE.isoformat(), "--json", settings=settings))

    assert "board.parquet is damaged" in rows["board"]["detail"]
    assert [name for name, row in rows.items() if row["status"] == "error"] == ["daemon", "board"]
    assert rows["disk"]["status"] == "ok"
    assert "GB free" in rows["disk"]["detail"]
    assert rows["blocked"]["detail"] == "not known, since the board cannot be read"
    assert list(rows) == [
        *("daemon", "runs", "waiting"),
        *("update_core", "update_daily", "recompute", "reconcile"),
        *("blocked", "failed", "no_bars", "late_bars", "results_pending", "other_code"),
        *("warnings", "board", "other_instrument", "credits", "disk", "alerts"),
    ]


def _rows(ended: Ended) -> dict[str, Any]:
    document = json.loads(ended.out)
    assert document["exit_code"] == ended.code
    return {row["what"]: row for row in document["rows"]}


def test_where_all_is_well_every_row_fits_on_one_screen(
    settings: Settings, regime: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    _beat(settings)
    screens = {}
    for width in (80, 60):
        monkeypatch.setenv("COLUMNS", str(width))
        screens[width] = regime("status", "--now", DUE.isoformat(), settings=settings)

    lines = screens[80].out.splitlines()
    assert screens[80].code == 0
    assert len(lines) < 24
    for width, ended in screens.items():
        assert max(map(len, ended.out.splitlines())) <= width
        assert "regime compact --all" in ended.out


@pytest.mark.slow
def test_every_state_is_counted_with_its_reason_and_a_command_that_works(
    operated: Settings, regime: Regime
) -> None:
    regime("run", "--all", "--now", NOW.isoformat(), settings=operated)
    workspace = RunWorkspace.open(operated)
    workspace.root.symbol("ELM").compute_db.unlink()
    rebuild_board(workspace, workspace.universe.instruments)
    hook = operated.model_copy(update={"notify_webhook": SecretStr("http://127.0.0.1:9/hook")})
    send_alert(hook, Alert("stale", "1 series of 1 symbols lack bars", NOW, ["ELM 1day: late"]))

    rows = _rows(regime("status", "--now", NOW.isoformat(), "--json"))
    shown = regime("status", "--now", NOW.isoformat(), "--all-rows").out
    monitored = regime("status", "--now", NOW.isoformat(), "--check").out

    counts = {name: row["count"] for name, row in rows.items() if row["count"]}
    assert counts == {
        "blocked": 1, "late_bars": 2, "results_pending": 1, "warnings": 1, "alerts": 1,
        "waiting": 2,
    }  # fmt: skip
    assert rows["blocked"]["items"][0]["reason"] in shown
    assert "high_low_order rejected 1 bar" in rows["blocked"]["items"][0]["reason"]
    assert rows["late_bars"]["detail"] == "2: ELM 1day, OAK 1day"
    assert "last bar 2013-02-22, over 276 bars missing" in shown
    assert rows["results_pending"]["more"] == "regime compute ELM"
    outside = {"rule": "outside_session", "findings": 28, "symbols": 2}
    assert rows["warnings"]["items"][0] == outside
    assert "webhook: has not sent 1 alert since 2026" in shown
    assert "alerts: 1: webhook has not sent 1 alert" in monitored
    assert rows["disk"]["facts"]["symbols_bytes"] > 0
    for words in {row["more"] for row in rows.values()} - {"", "regime ui"}:
        assert regime(*words.split()[1:], settings=operated).code != 2, words


@pytest.mark.usefixtures("operated")
def test_symbols_that_no_run_has_processed_are_named(regime: Regime, operated: Settings) -> None:
    rows = _rows(regime("status", "--now", NOW.isoformat(), "--json", settings=operated))

    assert (rows["no_bars"]["status"], rows["no_bars"]["detail"]) == ("note", "2: ELM, OAK")
    assert rows["no_bars"]["items"][0]["reason"] == "not processed yet"


@pytest.mark.slow
def test_a_late_pass_and_a_queue_that_rests_are_errors(settings: Settings, check: Check) -> None:
    _beat(settings)
    with open_instance(settings) as instance:
        instance.add_run(dg.DagsterRun("recompute", status=dg.DagsterRunStatus.NOT_STARTED))
        queued = instance.get_run_records()[0].create_timestamp.timestamp()

    with _lock_taken(settings, since=40 * 3600):
        late = check("--json")
    with _lock_taken(settings, since=3600):
        started = check("--json")
    state = overview.overview(settings, dt.datetime.fromtimestamp(queued + 3600, dt.UTC))

    whats = [
        {problem["what"] for problem in json.loads(ended.out)["problems"]}
        for ended in (late, started)
    ]
    assert whats == [{"update_daily", "reconcile"}, set()]
    assert state.queue_rests == pytest.approx(3600)


@pytest.mark.slow
def test_what_commands_did_waits_for_dagster_and_not_for_long(
    settings: Settings, regime: Regime
) -> None:
    outbox = Outbox(settings)
    outbox.leave_stored(["ELM"])
    written = outbox.pending()[0].file.written
    _beat(settings)

    def shown(minutes: float) -> Any:
        now = dt.datetime.fromtimestamp(written + 60 * minutes, dt.UTC)
        words = ("status", "--json", "--now", now.isoformat())
        return _rows(regime(*words, settings=settings))["waiting"]

    without_daemon = shown(100)
    with _lock_taken(settings, since=3600):
        soon, late = shown(1), shown(20)

    assert [row["status"] for row in (without_daemon, soon, late)] == ["note", "note", "error"]
    assert late["items"][0]["symbol"] == "ELM"
    assert "command_line" in late["remedy"]


def test_results_of_other_parameters_are_listed_first(
    operated: Settings, regime: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = RunWorkspace.open(operated)
    outcomes = list(run_symbols(workspace, workspace.universe.instruments, NOW))
    refresh_board(workspace, outcomes)
    monkeypatch.setattr(type(workspace.params), "fingerprint", lambda _self: "another")
    arguments = ("status", "--now", NOW.isoformat(), "--json")

    cheap = _rows(regime(*arguments, settings=operated))
    exact = _rows(regime(*arguments, "--stale-code"))

    assert next(iter(exact)) == "other_code"
    assert cheap["other_code"]["detail"] == exact["other_code"]["detail"] == "1: ELM"
    assert exact["other_code"]["items"][0]["reason"] == "other params_fingerprint"
    assert exact["other_code"]["remedy"] == "`regime compute --force ELM`"


def test_a_calendar_that_ends_is_in_status_and_doctor(regime: Regime, tmp_path: Path) -> None:
    entry = "{symbol: MOUTAI, name: M, asset_class: US_EQUITY, tier: daily, source: files"
    (tmp_path / "data").mkdir()
    (tmp_path / "data/universe.yaml").write_text(f"instruments:\n  - {entry}, calendar: XSHG}}\n")

    def row(command: str, now: str) -> tuple[str, str]:
        document = document_of(regime(command, "--json", "--now", now))
        rows = document["checks"] if command == "doctor" else document["rows"]
        (end,) = [each for each in rows if "calendar XSHG" in each["detail"]]
        return end["status"], end["detail"]

    for command in ("status", "doctor"):
        assert row(command, "2026-12-01") == (
            "note",
            "calendar XSHG known until 2026-12-31: then none is missing",
        )
        assert row(command, "2027-01-04")[0] == "error"
