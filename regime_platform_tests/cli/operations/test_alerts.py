"""`regime alerts`: what was sent, what would be sent, and a test of the channels."""

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from regime_platform.orchestration.alerts.channels import Alert, send_alert
from regime_platform.orchestration.alerts.confirmation import ReportedSeries
from regime_platform.orchestration.alerts.digest import WeekNow
from regime_platform.orchestration.alerts.reported import (
    ReportedRegimes,
    WeeklyDigest,
    write_digest,
    write_reported,
)
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.cli.conftest import Regime, document_of
from regime_platform_tests.conftest import NOW

#: After the last bars of the sample's stocks.
MARCH = "2013-03-03"


def test_the_last_alerts_are_listed_with_a_few_lines_or_all(
    regime: Regime, settings: Settings
) -> None:
    assert "no alerts in" in regime("alerts", settings=settings).err
    for number in range(3):
        lines = [f"line {count}" for count in range(30)]
        send_alert(settings, Alert("stale", f"alert {number}", NOW, lines))
    with (settings.dagster_folder / "notices.jsonl").open("a") as file:
        file.write('{"kind": "torn')

    short = regime("alerts", "--last", "2", settings=settings)
    whole = regime("alerts", "list", "--all-rows", settings=settings)
    document = json.loads(regime("alerts", "--json", "--last", "1", settings=settings).out)

    assert [line for line in short.out.splitlines() if "alert" in line] == [
        "2026-11-20 22:30 stale: alert 1",
        "2026-11-20 22:30 stale: alert 2",
    ]
    assert short.out.count("line ") == 10
    assert "and 25 more" in short.err
    assert whole.out.count("line ") == 90
    assert document == [
        {"kind": "stale", "title": "alert 2", "at": "2026-11-20T22:30:00Z", "lines": lines}
    ]


def test_a_preview_replays_the_stored_history_and_sends_nothing(
    regime: Regime, processed: RunWorkspace, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    root.mkdir()
    for path in processed.root.path.iterdir():
        (root / path.name).symlink_to(path)
    (root / "alerts.yaml").write_text("rules: [{tiers: [daily], buckets: [HIGH]}]")
    settings = Settings(_env_file=None, REGIME_DATA_ROOT=root)
    reported = {
        ("AAPL", "1day"): ReportedSeries(regime="PANIC_RISK", bucket="MED"),
        ("IBM", "1day"): ReportedSeries(regime="TRANSITION", bucket="LOW"),
    }
    write_reported(settings, ReportedRegimes.of(reported))
    before = {"AAPL 1day": ("PANIC_RISK", "HIGH"), "IBM 1day": ("TRANSITION", "LOW")}
    write_digest(settings, WeeklyDigest(at=NOW, series=before))

    run = ("alerts", "preview", "--now", MARCH)
    document = document_of(regime(*run, "--json", settings=settings))
    shown = regime(*run, "aapl", "--days", "40", settings=settings)
    week = document_of(regime(*run[:3], "2013-01-25", "aapl", "--json", settings=settings))

    high, left = document["alerts"]
    assert (high["at"], left["at"]) == ("2013-02-25T00:00:00Z", "2013-02-28T00:00:00Z")
    (line,) = high["lines"]
    assert line == (
        "new HIGH: AAPL 1day: panic risk (MED) -> panic risk (HIGH), escalation 0.92; regime for "
        "2 bars"
    )
    assert document["counted"] < document["raw"]
    assert week["alerts"][-1]["at"] == "2013-01-25T00:00:00Z"
    assert "AAPL 1week: " in week["alerts"][-1]["lines"][0]
    assert document["alerts"][1]["lines"][0] in shown.out.splitlines()
    assert "6 alerts in 40 days, of 2 series" in shown.err
    assert "digest of" not in shown.out
    changes, apple, *_ = document["digest"]["lines"]
    assert changes == "changes: 1 left HIGH"
    assert apple == (
        "left HIGH: AAPL 1day: panic risk (HIGH) -> panic risk (MED); now panic risk (HIGH), "
        "escalation 0.94; regime for 6 bars"
    )
    assert not (settings.dagster_folder / "notices.jsonl").exists()


def test_a_test_alert_goes_to_every_channel_and_reports_those_that_fail(
    regime: Regime, settings: Settings, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = regime("alerts", "test", settings=settings)
    httpserver.expect_oneshot_request("/hook").respond_with_data("ok")
    monkeypatch.setenv("REGIME_NOTIFY_WEBHOOK", httpserver.url_for("/hook"))
    posted = regime("alerts", "test", settings=settings)
    refused = regime("alerts", "test", "--json", settings=settings)

    assert (alone.code, alone.out.splitlines()) == (0, ["log: sent", "file: sent"])
    assert "set REGIME_NOTIFY_WEBHOOK" in alone.err
    assert posted.out.splitlines()[-1] == "webhook: sent"
    assert httpserver.log[0][0].get_json()["kind"] == "test"
    assert refused.code == 1
    assert document_of(refused)["problems"] == ["webhook: HTTPStatusError"]


def test_rules_that_cannot_be_used_are_an_error_here_and_in_doctor_and_status(
    regime: Regime, settings: Settings
) -> None:
    settings.data_root.mkdir(parents=True)
    (settings.data_root / "alerts.yaml").write_text("rules: [{tiers: [dayly]}]")

    ended = regime("alerts", "preview", settings=settings)

    assert ended.code == 1
    assert "alert-rules-invalid" in ended.err
    checks = document_of(regime("doctor", "--json", settings=settings))["checks"]
    rules = next(each for each in checks if each["name"] == "alert rules")
    assert rules["status"] == "error"
    assert "'dayly' is unknown (did you mean daily?)" in rules["detail"]
    rows = document_of(regime("status", "--json", settings=settings))["rows"]
    alerts = next(each for each in rows if each["what"] == "alerts")
    assert (alerts["status"], alerts["detail"]) == ("error", rules["detail"])


def test_no_digest_is_made_of_an_empty_board(processed: RunWorkspace) -> None:
    week = WeekNow({}, {}, {}, processed.universe)

    assert week.baseline(NOW).series == {}
    assert list(week.lasting()) == []
