"""Explanations, and histories of bars outside the store."""

import datetime as dt
import sys
from pathlib import Path

import polars as pl
import pytest

import regime_platform as rp
from regime_platform.api.caveats import AnswerWarning
from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.error_codes import raises


@pytest.fixture
def store(processed: RunWorkspace) -> rp.Store:
    return rp.Store(processed.settings, clock=lambda: NOW.timestamp() + 3600)


def test_an_explanation_shows_its_rules_and_ranks(store: rp.Store) -> None:
    stored = store.explain("AAPL", "1day", "2013-03-01", now=NOW)
    past = store.explain("AAPL", "1day", dt.date(2013, 3, 1), as_of=NOW + dt.timedelta(minutes=5))

    assert stored.explanation.wrong == ()
    assert stored.made_from["is_installed_code"]
    assert repr(stored).startswith("AAPL 1day 2013-03-01T00:00:00Z: panic risk, escalation 0.94")
    assert past.explanation == stored.explanation
    assert past.document()["then"]["terms"]["standing"] == "proven"
    for shown in (stored, past):
        html = shown._repr_html_()
        assert "panic risk" in html
        assert "k of n" in html
        assert "<script" not in html
    assert "proven: every number" in past._repr_html_()


def test_a_chart_is_a_picture_in_a_notebook_and_a_file_on_request(
    store: rp.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = store.chart("msft", "1day", since="2012-01-01", metric="vrs", now=NOW)

    assert repr(chart).startswith("chart of MSFT 1day: 291 bars, 2012-01-03T00:00:00Z to 2013-03-0")
    assert chart.series.bars["ts"].dt.year().unique().to_list() == [2012, 2013]
    image = chart._repr_html_()
    assert image.startswith('<img src="data:image/svg+xml,%3Csvg')
    assert 'alt="chart of MSFT 1day: 291 bars' in image
    page, svg = (chart.save(tmp_path / f"msft.{kind}").read_bytes() for kind in ("html", "svg"))
    assert b"<script" in page
    assert svg.startswith(b"<svg")
    assert b"volatility regime" in svg
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with raises(ConfigError, "extra-missing", match="resvg_py .* pip install"):
        chart.save(tmp_path / "msft.png")
    with raises(UsageError, "unknown-format", match="msft.pdf"):
        chart.save(tmp_path / "msft.pdf")
    with raises(UsageError, "no-bars-since", match="its last one is 2013-03-01"):
        store.chart("MSFT", since="2020-01-01")
    with raises(UsageError, "no-such-series", match="expected 1day or 1week"):
        store.chart("MSFT", "1h")


def test_bars_of_a_frame_or_a_file_give_the_history_of_stored_ones(
    store: rp.Store, tmp_path: Path
) -> None:
    stored = store.history("MSFT", "1day")
    rows = store.bars("MSFT", "1day")
    file = tmp_path / "mine.parquet"
    rows.select(BAR_COLUMNS).sink_parquet(file)

    for own in (rows.with_columns(pl.col("ts").dt.date(), pl.col("volume").cast(pl.Int64)), file):
        given = store.evaluate(own, symbol="MSFT", timeframe="1day")
        assert given.drop("esc_bucket").equals(stored.drop("esc_bucket"))
    with pytest.warns(AnswerWarning, match="OWN 1day: .* bars"):
        short = store.evaluate(make_bars(30).drop("volume"), symbol="OWN", timeframe="1day")
    assert short.is_empty()
    assert short.columns == stored.columns
