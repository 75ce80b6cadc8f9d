"""Alerts are sent once, on every channel, with what to do."""

import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster_shared.error import SerializableErrorInfo
from pytest_httpserver import HTTPServer

from regime_platform.model.calendar.lateness import missing_bars
from regime_platform.model.digests import document_digest
from regime_platform.model.instants import instant
from regime_platform.model.markets import MARKETS
from regime_platform.operations.staleness import stale_series
from regime_platform.orchestration.alerts.alerts import (
    regime_changes,
    run_failures,
    stale_symbols,
)
from regime_platform.orchestration.alerts.channels import Alert, send_alert
from regime_platform.orchestration.alerts.reported import write_stale
from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.orchestration.graph import (
    BARS,
    QUIET,
    SYMBOLS,
    failure_text,
    run_listed,
    run_range,
)
from regime_platform_tests.scenario import serve, with_value

ALERT = Alert("stale", "2 series of 1 symbol lack bars", NOW, ["OAK 1day: 3 missing"])


def _sent_alerts(settings: Settings) -> list[Mapping[str, Any]]:
    path = settings.data_root / "dagster" / "notices.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _look(
    settings: Settings,
    instance: dg.DagsterInstance,
    sensor: dg.SensorDefinition = stale_symbols,
    cursor: str | None = None,
) -> None:
    resources = {"workspace": WorkspaceResource(settings)}
    context = dg.build_sensor_context(instance=instance, cursor=cursor, resources=resources)
    sensor(context)


def _hear(
    settings: Settings,
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    message: str = "its process is gone",
) -> None:
    failure = dg.DagsterEvent(dg.DagsterEventType.RUN_FAILURE.value, run.job_name, message=message)
    resources = {"workspace": WorkspaceResource(settings)}
    context = dg.build_run_status_sensor_context(
        "run_failures", failure, instance, run, resources=resources
    )
    run_failures(context.for_run_failure())


def test_a_failed_run_names_failed_and_blocked_symbols_until_they_are_good_only_once(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    longer = make_bars(BARS + 5, seed=1)
    serve(processed_eight, "BIRCH", "1day", with_value(longer, BARS + 2, high=1.0))
    (processed_eight.data_root / "assets" / "ELM" / "verdict.json").write_text("{")

    names = ["BIRCH", "ELM", "GONE"]
    both = run_listed(processed_eight, processed_instance, names, "process_listed")
    _hear(processed_eight, processed_instance, both.dagster_run)
    blocked = run_listed(processed_eight, processed_instance, ["BIRCH"], "recompute")
    _hear(processed_eight, processed_instance, blocked.dagster_run)
    serve(processed_eight, "BIRCH", "1day", longer)
    run_listed(processed_eight, processed_instance, ["BIRCH"], "process_listed")
    _look(processed_eight, processed_instance, regime_changes)
    serve(processed_eight, "BIRCH", "1day", with_value(longer, BARS + 2, high=1.0))
    again = run_range(processed_eight, processed_instance, ["BIRCH"], "__ASSET_JOB", list(Stage))
    _hear(processed_eight, processed_instance, again.dagster_run)

    first, second = _sent_alerts(processed_eight)
    assert first["title"].startswith("process_listed failed (1 failed, 1 blocked): run ")
    gone, failed, rejected = first["lines"]
    assert gone == "not in the universe: GONE"
    assert failed.startswith("ELM failed at")
    assert "`regime repair ELM --yes` makes it again" in failed
    assert rejected.startswith("BIRCH blocked at validated_bars")
    assert "high_low_order rejected 1 bar" in rejected
    assert second["title"].startswith("materialize blocked symbols")
    assert second["lines"] == [rejected]


def test_a_run_that_died_is_reported_as_such(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    job = build_definitions(processed_eight).resolve_job_def("recompute")
    run = processed_instance.create_run_for_job(job, status=dg.DagsterRunStatus.FAILURE)

    _hear(processed_eight, processed_instance, run)

    _hear(processed_eight, processed_instance, run, "Exceeded maximum runtime of 60 seconds.")

    killed = "GRPC server: Subprocess for it terminated unexpectedly with exit code -9"
    error = SerializableErrorInfo(killed, [], "DagsterLaunchFailedError")
    processed_instance.report_engine_event("not launched", run, EngineEventData.engine_error(error))
    _hear(processed_eight, processed_instance, run)

    crashed, too_long, at_start = _sent_alerts(processed_eight)
    assert crashed["title"].startswith("recompute crashed: run ")
    assert crashed["lines"] == ["the run crashed:", "its process is gone"]
    assert too_long["title"].startswith("recompute took too long: run ")
    assert too_long["lines"] == ["Exceeded maximum runtime of 60 seconds."]
    assert at_start["title"].startswith("recompute crashed: run ")
    assert at_start["lines"] == ["the run crashed:", "its process is gone", killed]


def test_an_error_that_a_user_can_correct_is_the_message_and_no_crash(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    refused = run_listed(processed_eight, processed_instance, [], "process_listed")
    _hear(processed_eight, processed_instance, refused.dagster_run)
    job = build_definitions(processed_eight).resolve_job_def("recompute")
    unloaded = processed_instance.create_run_for_job(job, status=dg.DagsterRunStatus.FAILURE)
    text = "regime_platform.errors.ConfigError: universe.yaml line 3: expected a symbol\n"
    cause = SerializableErrorInfo(text, [], "ConfigError")
    error = SerializableErrorInfo("DagsterUserCodeLoadError\n", [], "Error", cause=cause)
    processed_instance.report_engine_event(
        "the definitions do not load", unloaded, EngineEventData.engine_error(error)
    )
    _hear(processed_eight, processed_instance, unloaded)

    first, second = _sent_alerts(processed_eight)
    assert "process_listed failed: run " in first["title"]
    (line,) = first["lines"]
    assert line.startswith("process_listed was launched without symbols: choose a partition")
    assert failure_text(refused).splitlines()[0].endswith(line)
    assert second["lines"] == ["universe.yaml line 3: expected a symbol"]


def test_stale_series_are_reported_once_and_shown_by_the_check(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    names = [f"{symbol} 1day" for symbol in SYMBOLS]
    cursor_0_2_0 = document_digest({"stale": names})
    _look(processed_eight, processed_instance, cursor=cursor_0_2_0)
    assert _sent_alerts(processed_eight) == []
    write_stale(processed_eight, [])
    _look(processed_eight, processed_instance)
    _look(processed_eight, processed_instance)
    checked = (
        build_definitions(processed_eight)
        .resolve_job_def("check_freshness")
        .execute_in_process(instance=processed_instance, run_config={"loggers": QUIET})
    )

    write_stale(processed_eight, [*names[1:], "GONE 1day"])
    _look(processed_eight, processed_instance)

    alert, other = _sent_alerts(processed_eight)
    assert alert["title"] == other["title"] == "8 series of 8 symbols lack bars"
    assert len(alert["lines"]) == 8
    assert other["lines"] == [
        alert["lines"][0],
        "GONE 1day: has its bars again",
        "reported before: 7; `regime status --all-rows` names all",
    ]
    assert alert["lines"][0].startswith("ALDER 1day: last bar 2013-07-12, over ")
    evaluations = checked.get_asset_check_evaluations()
    assert [evaluation.partition for evaluation in evaluations] == list(SYMBOLS)
    assert not any(evaluation.passed for evaluation in evaluations)


@pytest.mark.parametrize(
    ("asset_class", "timeframe", "last", "wanted"),
    [
        pytest.param("US_EQUITY", "1day", "2026-11-19T00:00", 0, id="both updates to come"),
        pytest.param("US_EQUITY", "1day", "2026-11-18T00:00", 1, id="yesterday's is missed"),
        pytest.param("US_EQUITY", "1week", "2026-11-09T00:00", 0, id="the week is young"),
        pytest.param("US_EQUITY", "1h", "2026-11-20T20:00", 0, id="on another anchor"),
        pytest.param("FX", "15min", "2026-11-20T20:30", 2, id="half an hour of FX"),
    ],
)
def test_a_bar_is_missed_only_after_its_grace(
    asset_class: str, timeframe: str, last: str, wanted: int
) -> None:
    count, _newest = missing_bars(MARKETS[asset_class], timeframe, instant(f"{last}Z"), NOW)

    assert count == wanted


def test_a_webhook_and_a_mail_server_get_the_alert(
    settings: Settings, httpserver: HTTPServer
) -> None:
    httpserver.expect_oneshot_request("/secret", method="POST").respond_with_data("ok")
    with _mail_server() as (port, letters):
        chosen = _with(
            settings,
            notify_webhook=httpserver.url_for("/secret"),
            notify_email="desk@example.org",
            notify_smtp=f"smtp://127.0.0.1:{port}",
        )
        problems = send_alert(chosen, ALERT)

    assert problems == []
    body = httpserver.log[0][0].get_json()
    assert body["text"] == ALERT.text()
    assert "To: desk@example.org" in letters[0]
    assert "Subject: regime: 2 series of 1 symbol lack bars" in letters[0]
    assert "OAK 1day: 3 missing" in letters[0]


def test_a_channel_that_fails_stops_no_other_and_gives_no_address_away(
    settings: Settings, httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    httpserver.expect_request("/secret-word").respond_with_data("no", status=500)
    chosen = _with(
        settings,
        notify_webhook=httpserver.url_for("/secret-word"),
        notify_email="desk@example.org",
        notify_smtp="smtp://127.0.0.1:1",
    )

    problems = send_alert(chosen, ALERT)

    assert problems == ["webhook: HTTPStatusError", "e-mail: ConnectionRefusedError"]
    assert [alert["title"] for alert in _sent_alerts(settings)] == [ALERT.title]
    ours = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("regime_platform")
    ]
    assert len(ours) == 3
    assert "secret-word" not in " ".join(ours)


def test_symbols_that_are_never_polled_are_never_stale(settings: Settings) -> None:
    assert stale_series(RunWorkspace.open(settings), NOW) == []


def _with(settings: Settings, **more: str) -> Settings:
    aliases = {f"REGIME_{name.upper()}": value for name, value in more.items()}
    return Settings(_env_file=None, REGIME_DATA_ROOT=settings.data_root, **aliases)


@contextmanager
def _mail_server() -> Iterator[tuple[int, list[str]]]:
    letters: list[str] = []

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                if line.upper().startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    body = iter(self.rfile.readline, b".\r\n")
                    letters.append(b"".join(body).decode())
                self.wfile.write(
                    b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 ok\r\n"
                )

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1], letters
        server.shutdown()
