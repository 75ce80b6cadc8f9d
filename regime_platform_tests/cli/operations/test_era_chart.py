"""`regime eras chart`: volatility and its levels, recomputed, in every kind of file."""

import re
from pathlib import Path

import numpy as np
import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute.eras.eras import era_class
from regime_platform.pipeline.eras import era_set
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.eras.series import read_eras
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars, make_broken_bars
from regime_platform_tests.cli.conftest import Regime, document_of
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import serve, street


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The promoted bars of SPY, whose volatility has breaks, and of AAA, which has few."""
    settings = street(tmp_path_factory.mktemp("eras"), ["AAA", "SPY"])
    serve(settings, "SPY", "1day", make_broken_bars())
    serve(settings, "AAA", "1day", make_bars(100))
    workspace = RunWorkspace.open(settings)
    stages = (Stage.RAW_BARS, Stage.VALIDATED_BARS)
    assert list(run_symbols(workspace, workspace.universe.instruments, NOW, stages=stages))
    return settings


@pytest.mark.slow  # a detection
def test_a_class_is_drawn_with_the_breaks_that_were_detected(
    regime: Regime, market: Settings, tmp_path: Path
) -> None:
    detected = document_of(regime("eras", "detect", "--version", "v1", "--json", settings=market))
    breaks = detected["classes"][0]["breaks"].split(", ")

    words = ("eras", "chart", "equities_us", "--version", "v1", "-o", "spy.svg", "--json")
    drawn = document_of(regime(*words, settings=market))
    fixed = document_of(regime("eras", "chart", "-o", "fixed.svg", "--json", settings=market))

    svg = (tmp_path / "spy.svg").read_text()
    assert (drawn["symbol"], drawn["class"], drawn["version"]) == ("SPY", "EQUITIES_US", "v1")
    assert [era["first"] for era in drawn["eras"][1:]] == breaks
    assert re.findall(r"era \d of \d begins ([\d-]+)", svg) == breaks
    assert "<title>SPY 1day, eras v1</title>" in svg
    assert (fixed["version"], fixed["symbol"]) == ("fixed-1", "SPY")


def test_the_levels_are_the_mean_log_volatilities_of_the_eras(market: Settings) -> None:
    eras = era_set(DataRoot(market.root_folder), "fixed-1")
    series = read_eras(
        DataRoot(market.root_folder).symbol("SPY"), eras.choose(era_class("SPY", None))
    )

    closes = make_broken_bars()["close"].to_numpy()
    returns = np.log(closes[1:] / closes[:-1])
    windows = np.lib.stride_tricks.sliding_window_view(returns, 126)
    assert np.isnan(series.volatility[:126]).all()
    np.testing.assert_allclose(series.volatility[126:], windows.std(axis=1, ddof=1), rtol=1e-8)
    for part in series.parts:
        within = series.volatility[part.start : part.stop]
        within = within[np.isfinite(within)]
        assert part.level == pytest.approx(float(np.prod(within ** (1 / within.size))))
    assert [part.start for part in series.parts[1:]] == [part.stop for part in series.parts[:-1]]


def test_every_kind_of_file_and_what_cannot_be_drawn(
    regime: Regime, market: Settings, tmp_path: Path
) -> None:
    page = regime("eras", "chart", "SPY", settings=market)
    png = regime("eras", "chart", "SPY", "-o", "spy.png", settings=market)
    refused = {
        "unknown-format": ("SPY", "-o", "spy.pdf"),
        "too-few-bars": ("AAA", "-o", "aaa.svg"),
        "unknown-symbol": ("US_EQUITY", "-o", "x.svg"),
        "no-benchmark": ("CRYPTO", "-o", "x.svg"),
        "folder-not-file": ("SPY", "-o", "folder.svg"),
        "no-such-era-set": ("SPY", "--version", "v9"),
    }
    (tmp_path / "folder.svg").mkdir()
    ends = {code: regime("eras", "chart", *words) for code, words in refused.items()}

    assert (page.code, png.code) == (0, 0)
    text = (tmp_path / "SPY_eras.html").read_text()
    assert text.count("<svg") == 2
    assert "no interval of confidence" in " ".join(text.split())
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert (tmp_path / "spy.png").read_bytes().startswith(b"\x89PNG")
    for code, ended in ends.items():
        assert ended.code in (1, 2)
        assert f"error[{code}]" in ended.err
    assert "EQUITIES_US" in ends["unknown-symbol"].err
    assert "folder.svg is a folder" in ends["folder-not-file"].err
    assert not (tmp_path / "aaa.svg").exists()
