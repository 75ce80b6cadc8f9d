"""`regime chart`: one file that stands alone, as a page or a picture."""

import json
import re
from pathlib import Path

import pytest

from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.report.unpacking import series_of, unpacked


@pytest.mark.slow
def test_a_page_a_drawing_and_a_picture_are_written(on_sample: Regime, tmp_path: Path) -> None:
    targets = {name: str(tmp_path / f"chart.{name}") for name in ("html", "svg", "png")}

    ended = {name: on_sample("chart", "msft", "-o", path) for name, path in targets.items()}
    of_metric = on_sample("chart", "MSFT", "-o", str(tmp_path / "vrs.svg"), "--metric", "vrs")

    assert [result.code for result in ended.values()] == [0, 0, 0]
    data = {name: Path(path).read_bytes() for name, path in targets.items()}
    assert of_metric.code == 0
    assert "≥ 0.75 shock" in (tmp_path / "vrs.svg").read_text(encoding="utf-8")
    assert data["svg"].lstrip().startswith(b"<svg")
    assert data["png"].startswith(b"\x89PNG")
    page = data["html"].decode()
    assert list(series_of(page)) == ["1day", "1week"]
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)
    assert f"chart of MSFT in {targets['html']}" in ended["html"].err


def test_without_a_name_the_page_is_named_after_the_symbol(
    on_sample: Regime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    ended = on_sample("chart", "SYNTH", "--timeframe", "15min", "--since", "2024-06-01", "--json")

    assert json.loads(ended.out) == {
        "path": "SYNTH.html",
        "bytes": (tmp_path / "SYNTH.html").stat().st_size,
        "timeframes": ["15min"],
    }
    page = (tmp_path / "SYNTH.html").read_text()
    opens = unpacked(series_of(page)["15min"]["strip"])["time"]
    assert opens[0] >= 1717200000  # 2024-06-01
    assert page.count('<tr role="row"><td') == 1  # the state of that timeframe alone


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("FB", "no-results", "no timeframe has enough bars"),
        ("AAPL --since 2030-01-01", "no-bars-since", "its last one is 2013-03-01 00:00"),
        ("AAPL --timeframe 1h", "no-such-series", "expected 1day or 1week"),
        ("AAPL -o chart.pdf", "unknown-format", ".html, .svg or .png"),
        ("AAPL -o chart.svg --metric vsr", "no-such-metric", "did you mean vrs"),
        ("AAPL --metric vrs", "metric-in-page", "that ends in .svg or .png"),
    ],
)
def test_what_cannot_be_drawn_is_named(
    on_sample: Regime, words: str, code: str, message: str
) -> None:
    ended = on_sample("chart", *words.split())

    assert ended.code != 0
    assert f"error[{code}]" in ended.err
    assert message in ended.err.replace("\n", " ")
