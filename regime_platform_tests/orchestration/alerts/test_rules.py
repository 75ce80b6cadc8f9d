"""alerts.yaml: which changes its rules send, what it refuses, and when a digest is due."""

import datetime as dt
import re
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.errors import ConfigError
from regime_platform.model.instants import instant
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.alerts.rules import URGENT, AlertRules, DigestTime
from regime_platform.orchestration.alerts.rules_file import read_rules, rules_in_force
from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.error_codes import raises


def _instrument(symbol: str, asset_class: str, tier: str) -> Instrument:
    return Instrument(
        symbol=symbol, name=symbol, asset_class=asset_class, tier=tier, source="files"
    )


SPY, OAK = _instrument("SPY", "US_EQUITY", "core"), _instrument("OAK", "US_EQUITY", "daily")
EURUSD = _instrument("EURUSD", "FX", "core")
UNIVERSE = Universe((SPY, OAK, EURUSD))
CALM, SHOCK = "TRANSITION", "SHOCK"
NEW_HIGH = ((CALM, CALM), ("MED", "HIGH"))
NEW_SHOCK = ((CALM, SHOCK), ("LOW", "LOW"))
MINOR = ((CALM, "CHOP_RISK"), ("LOW", "MED"))


def _read(folder: Path, text: str) -> AlertRules:
    root = DataRoot(folder)
    root.alert_rules.write_text(text)
    return read_rules(root, UNIVERSE)


def test_without_a_file_core_is_sent_and_the_rest_is_left_to_the_digest(tmp_path: Path) -> None:
    rules = read_rules(DataRoot(tmp_path), UNIVERSE)

    for change in (NEW_HIGH, NEW_SHOCK):
        assert rules.sends(SPY, "1day", *change)
        assert rules.sends(SPY, "1week", *change)
        assert not rules.sends(SPY, "1h", *change)
        assert not rules.sends(OAK, "1day", *change)
    assert not rules.sends(SPY, "1day", *MINOR)
    assert rules.digest == DigestTime()


def test_each_filter_narrows_and_any_rule_sends(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("oak  # of people\n")
    rules = _read(
        tmp_path,
        "rules:\n"
        "  - {watchlist: mine.txt, timeframes: [1day], buckets: [HIGH]}\n"
        "  - {classes: [FX], regimes: [SHOCK]}\n"
        "digest: off\n",
    )

    assert rules.sends(OAK, "1day", *NEW_HIGH)
    assert not rules.sends(OAK, "1week", *NEW_HIGH)
    assert not rules.sends(OAK, "1day", *NEW_SHOCK)
    assert rules.sends(EURUSD, "15min", *NEW_SHOCK)
    assert not rules.sends(EURUSD, "15min", *NEW_HIGH)
    assert not rules.sends(SPY, "1day", *NEW_HIGH)
    assert rules.digest is False
    assert _read(tmp_path, "rules: [{tiers: [daily]}]").sends(OAK, "1day", *MINOR)
    assert not _read(tmp_path, "rules: []").sends(SPY, "1day", *NEW_SHOCK)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("rules: [{buckets: [HIHG]}]", "rules.0.buckets.0: 'HIHG'.*did you mean HIGH"),
        ("rules: [{tier: core}]", "rules.0: unknown field 'tier' .did you mean tiers"),
        ("rule: []", "unknown field 'rule' .did you mean rules"),
        ("digest: {hour: 8}", "unknown field 'hour'.*expected day, time"),
        ("rules: [{symbols: [SPYY]}]", "SPYY.*did you mean SPY"),
        ("rules: [{watchlist: none.txt}]", "none.txt"),
        ("rules: [{watchlist: ../none.txt}]", "none.txt"),
        ("confirmation: {bars: {1day: 0}}", "confirmation.bars"),
        ("confirmation: {band: 0}", "confirmation.band"),
        ("digest: {day: someday}", "someday"),
        ("digest: {time: noon}", "write it as 08:00"),
        ("digest: {zone: New York}", "no time zone"),
        ("- HIGH", "expected a mapping"),
        ("rules: [", "no.* YAML|not YAML"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_the_default_rules_decide(
    tmp_path: Path, text: str, named: str
) -> None:
    with raises(ConfigError, "alert-rules-invalid", match=named):
        _read(tmp_path, text)

    in_force = rules_in_force(DataRoot(tmp_path), UNIVERSE)
    assert in_force.rules == AlertRules()
    assert str(tmp_path / "alerts.yaml") in in_force.problem
    assert in_force.notes == [f"sent by the default rules: {in_force.problem}"]


@pytest.mark.parametrize(
    ("now", "due"),
    [
        pytest.param("2026-11-28T13:00:00Z", "2026-11-28T13:00:00Z", id="the moment itself"),
        pytest.param("2026-11-28T12:59:59Z", "2026-11-21T13:00:00Z", id="a second before"),
        pytest.param("2026-12-03T00:00:00Z", "2026-11-28T13:00:00Z", id="days later"),
        pytest.param("2026-07-04T12:00:00Z", "2026-07-04T12:00:00Z", id="in summer"),
    ],
)
def test_a_digest_is_due_on_saturday_morning_of_new_york(now: str, due: str) -> None:
    assert DigestTime().last_due(instant(now)) == instant(due)


def test_a_time_without_quotes_is_read_as_it_is_written(tmp_path: Path) -> None:
    rules = _read(tmp_path, "digest: {day: Monday, time: 18:30, zone: UTC}")

    assert rules.digest == DigestTime(day="monday", time=dt.time(18, 30), zone="UTC")
    assert str(rules.digest) == "monday 18:30 UTC"


def test_the_example_of_the_documentation_is_valid_and_names_the_defaults(tmp_path: Path) -> None:
    text = (PROJECT_ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(rules:.*?)```", text, re.DOTALL)
    (tmp_path / "mine.txt").write_text("OAK\n")

    rules = _read(tmp_path, example)

    assert rules.rules[0] == AlertRules().rules[0]
    assert rules.digest == DigestTime()
    assert rules.confirmation.at_once == URGENT
    for timeframe, bars in rules.confirmation.bars.items():
        assert bars == AlertRules().confirmation.needed(timeframe)
