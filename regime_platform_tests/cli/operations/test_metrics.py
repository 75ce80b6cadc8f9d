"""`regime metrics`: the rows of status for Prometheus, and what reads them."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from regime_platform.orchestration.status.metrics import StatusCollector
from regime_platform.settings import Settings
from regime_platform_tests.cli.conftest import Regime, document_of

_DEPLOY = Path(__file__).parents[3] / "deploy"


def _samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.slow
def test_every_row_of_status_is_a_metric_and_the_numbers_agree(
    regime: Regime, three: Settings
) -> None:
    regime("run", "--all", settings=three)

    printed = _samples(regime("metrics", settings=three).out)

    rows = document_of(regime("status", "--json", settings=three))["rows"]
    states = {"ok": 0, "note": 1, "error": 2}
    assert {("regime_check", row["what"]): states[row["status"]] for row in rows} == {
        key: value for key, value in printed.items() if key[0] == "regime_check"
    }
    facts = {row["what"]: row for row in rows}
    assert printed["regime_check_items", "blocked"] == facts["blocked"]["count"] == 1
    assert printed["regime_check", "daemon"] == 2
    assert printed["regime_waiting_symbols",] == facts["waiting"]["facts"]["symbols"] == 3
    assert printed["regime_stored_bars",] == facts["disk"]["facts"]["bars"] > 0
    assert ("regime_credits_used",) not in printed


def test_a_universe_that_cannot_be_read_is_a_metric_in_error(
    regime: Regime, three: Settings
) -> None:
    (three.data_root / "universe.yaml").write_text("assets: 5")

    ended = regime("metrics", settings=three)

    assert (ended.code, ended.err) == (0, "")
    assert _samples(ended.out) == {
        ("regime_check", "universe"): 2,
        ("regime_check_items", "universe"): 0,
    }


def test_a_data_root_that_is_not_there_is_named_and_not_created(
    regime: Regime, tmp_path: Path
) -> None:
    ended = regime("metrics")

    assert ended.code == 1
    assert f"{tmp_path / 'data'} is no folder; mount it or set REGIME_DATA_ROOT" in ended.err
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_they_are_served_until_ctrl_c(three: Settings) -> None:
    command = [sys.executable, "-m", "regime_platform.cli.main", "metrics", "--serve", "0"]
    environment = {
        **os.environ,
        "REGIME_DATA_ROOT": str(three.data_root),
        "REGIME_UNIVERSE": str(three.data_root / "universe.yaml"),
    }
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        address = line.partition(";")[0]
        answers = [httpx.get(address, timeout=60) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        rest = process.communicate()[1]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert ("regime_check", "board") in _samples(answers[1].text)
    assert (process.returncode, rest) == (0, "")


def _expressions() -> Iterator[str]:
    rules = yaml.safe_load((_DEPLOY / "prometheus" / "alerts.yaml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert {"alert", "expr", "labels", "annotations"} <= rule.keys()
            yield rule["expr"]
    dashboard: dict[str, Any] = json.loads((_DEPLOY / "grafana" / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_rules_and_dashboard_name_metrics_that_exist_and_miss_none() -> None:
    used = {name for text in _expressions() for name in re.findall(r"regime_\w+", text)}

    assert used == {family.name for family in StatusCollector(list).describe()}
