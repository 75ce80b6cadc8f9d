"""`regime eras`: detection, list, adoption and affected symbols."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars, make_broken_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import fingerprint, serve, street


@pytest.fixture(scope="module")
def processed_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SPY with enough bars to detect eras, AAA of its class, BTCUSD of another; all processed."""
    folder = tmp_path_factory.mktemp("market")
    settings = street(folder, ["AAA", "BTCUSD", "SPY"])
    serve(settings, "SPY", "1day", make_broken_bars())
    for symbol in ("AAA", "BTCUSD"):
        serve(settings, symbol, "1day", make_bars(430))
    workspace = RunWorkspace.open(settings)
    outcomes = list(run_symbols(workspace, workspace.universe.instruments, NOW))
    assert all(outcome.status.is_good for outcome in outcomes)
    return folder


@pytest.fixture
def market(processed_market: Path, tmp_path: Path) -> Settings:
    """A copy of it, for one test."""
    shutil.copytree(processed_market, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, ["AAA", "BTCUSD", "SPY"])


def _statuses(text: str) -> dict[str, str]:
    return {symbol["symbol"]: symbol["status"] for symbol in json.loads(text)["symbols"]}


def test_without_any_set_the_fixed_eras_are_listed_as_in_force(regime: Regime) -> None:
    ended = regime("eras", "list")

    assert ended.code == 0
    assert ended.out.splitlines()[2].split()[:4] == ["fixed-1", "always", "in", "force"]
    assert "2010-01-01, 2020-01-01" in ended.out


def test_detection_reports_every_class_and_adopts_nothing(regime: Regime, market: Settings) -> None:
    ended = regime("eras", "detect", "--version", "v1", settings=market)

    rows = {line.split()[0]: line for line in ended.out.splitlines()[2:]}
    assert ended.code == 0
    assert rows["EQUITIES_US"].split()[1:3] == ["SPY", "1,600"]
    assert "BTCUSD has 430 daily bars of 1,008 needed" in rows["CRYPTO"]
    assert "TLT is not in the universe" in rows["RATES_LONG"]
    assert "`regime eras adopt v1` puts it in force" in ended.err
    listed = json.loads(regime("eras", "list", "--json", settings=market).out)
    assert listed["in_force"] == "fixed-1"
    assert [era_set["version"] for era_set in listed["sets"]] == ["fixed-1", "v1"]


def test_adoption_shows_affected_symbols_and_compute_recomputes_only_them(
    regime: Regime, market: Settings
) -> None:
    regime("eras", "detect", "--version", "v1", settings=market)
    before = fingerprint(market.data_root / "assets" / "BTCUSD")
    asked = json.loads(regime("eras", "affected", "v1", "--json").out)

    ended = regime(
        *("eras", "adopt", "v1", "--reason", "a new vintage", "--by", "Ada"),
        *("--now", "2026-11-21T08:00:00Z"),
        settings=market,
    )

    assert ended.code == 0
    assert [line.split() for line in ended.out.splitlines()[2:]] == [
        ["AAA", "EQUITIES_US"],
        ["SPY", "EQUITIES_US"],
    ]
    assert "2 symbols affected" in ended.err
    assert asked["symbols"] == {"AAA": "EQUITIES_US", "SPY": "EQUITIES_US"}
    assert json.loads(regime("eras", "affected", "--json").out)["symbols"] == asked["symbols"]
    computed = regime("compute", "--all", "--json", settings=market)
    assert _statuses(computed.out) == {"AAA": "done", "BTCUSD": "unchanged", "SPY": "done"}
    assert fingerprint(market.data_root / "assets" / "BTCUSD") == before
    assert json.loads(regime("eras", "affected", "--json").out)["symbols"] == {}
    listed = regime("eras", "list", settings=market)
    assert "v1 adopted 2026-11-21T08:00:00Z by Ada: a new vintage" in listed.err


def test_author_of_an_adoption_defaults_to_the_user(regime: Regime, market: Settings) -> None:
    regime("eras", "detect", "--version", "v1", settings=market)

    regime("eras", "adopt", "v1", "--reason", "test", settings=market)

    kept = yaml.safe_load((market.data_root / "eras" / "adopted.yaml").read_text())
    assert kept["in_force"] == "v1"
    assert kept["adoptions"][0]["by"]


def test_a_damaged_set_in_force_is_replaced_by_adopting_another(
    regime: Regime, market: Settings
) -> None:
    regime("eras", "detect", "--version", "v1", settings=market)
    regime("eras", "adopt", "v1", "--reason", "test", settings=market)
    (market.data_root / "eras" / "v1.yaml").write_text("nonsense")

    refused = regime("compute", "--all", settings=market)
    asked = regime("eras", "affected", "fixed-1", "--json", settings=market)
    adopted = regime("eras", "adopt", "fixed-1", "--reason", "v1 is lost", settings=market)

    assert refused.code == 1
    assert json.loads(asked.out) == {"eras": "fixed-1", "symbols": {}}  # results are of fixed-1
    assert "v1.yaml is damaged" in refused.err
    assert "regime eras adopt" in refused.err
    assert adopted.code == 0
    assert "`regime eras affected`" in adopted.err


def test_other_benchmarks_and_single_classes_can_be_asked_for(
    regime: Regime, market: Settings
) -> None:
    ended = regime(
        *("eras", "detect", "--class", "CRYPTO", "--from", "spy=CRYPTO", "--json"), settings=market
    )

    (result,) = json.loads(ended.out)["classes"]
    assert (result["class"], result["benchmark"], result["bars"]) == ("CRYPTO", "SPY", 1600)
    assert result["eras"] == len(result["breaks"].split(", ")) + 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("detect", "--class", "CREDIT_HY"), 1, "no era set was written"),
        (("detect", "--class", "STOCKS"), 2, "unknown era class STOCKS"),
        (("detect", "--from", "SPY"), 2, "expected SYMBOL=CLASS"),
        (("detect", "--from", "SPY=CRYPTO", "--from", "QQQ=CRYPTO"), 2, "two benchmarks"),
        (("detect", "--from", "SPY=CRYPTO", "--version", "../v1"), 2, "cannot be used"),
        (("adopt", "v9", "--reason", "test"), 1, "there is no era set 'v9'"),
        (("adopt", "fixed-1", "--reason", "test"), 2, "in force already"),
        (("affected", "v9"), 1, "there is no era set 'v9'"),
        (("affected", "--version", "v9"), 1, "there is no era set 'v9'"),
    ],
)
def test_invalid_arguments_are_refused(
    regime: Regime, market: Settings, words: tuple[str, ...], code: int, message: str
) -> None:
    ended = regime("eras", *words, settings=market)

    assert ended.code == code
    assert message in ended.err
    assert not list((market.data_root / "eras").glob("*.yaml"))
