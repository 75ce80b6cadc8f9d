"""A run with the Twelve Data source over a real socket: full history first, updates later."""

import datetime as dt
from pathlib import Path

import pytest
import yaml
from pytest_httpserver import HTTPServer

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.pipeline.outcomes import Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.vendor import KEY, LoopbackVendor, error_answer

_ENTRY = {
    "symbol": "EURUSD",
    "name": "Euro / US dollar",
    "asset_class": "FX",
    "tier": "daily",
    "source": "twelvedata",
    "provider_symbol": "EUR/USD",
}


def _settings(tmp_path: Path, vendor: LoopbackVendor, key: str = KEY) -> Settings:
    root = tmp_path / "data"
    root.mkdir(exist_ok=True)
    (root / "universe.yaml").write_text(yaml.safe_dump({"instruments": [_ENTRY]}))
    return Settings(
        _env_file=None,
        REGIME_DATA_ROOT=root,
        REGIME_TWELVEDATA_URL=vendor.url,
        TWELVEDATA_API_KEY=key,
    )


def _run_symbols(settings: Settings, now: dt.datetime) -> SymbolOutcome:
    workspace = RunWorkspace.open(settings)
    return next(run_symbols(workspace, workspace.universe.instruments, now))


@pytest.fixture
def vendor(httpserver: HTTPServer) -> LoopbackVendor:
    return LoopbackVendor(httpserver)


def test_a_full_history_is_fetched_first_and_then_only_new_bars(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    days, weeks = make_bars(1010), make_bars(203, "1week")
    settings = _settings(tmp_path, vendor)
    vendor.list_series("EUR/USD", "1day", days.head(1005))
    vendor.list_series("EUR/USD", "1week", weeks.head(201))
    evening = days["ts"][1004] + dt.timedelta(hours=23)

    first = _run_symbols(settings, evening)
    vendor.list_series("EUR/USD", "1day", days)
    vendor.list_series("EUR/USD", "1week", weeks.head(202))
    second = _run_symbols(settings, evening + dt.timedelta(days=7))

    assert first.status is second.status is Status.DONE, (first.reason, second.reason)
    assert first.ingest is not None
    assert second.ingest is not None
    assert [series.new for series in first.ingest.series] == [1005, 201]
    assert [(series.new, series.revised) for series in second.ingest.series] == [(5, 0), (1, 0)]
    in_force = read_in_force(RunWorkspace.open(settings).root.symbol("EURUSD"), "1day")
    assert in_force is not None
    assert in_force[1].equals(days)


def test_a_refused_key_ends_the_run_and_is_written_to_no_file(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = _settings(tmp_path, vendor, key="wrong-key-0987654321")
    vendor.answer_next(error_answer(401, "invalid api key"), error_answer(401, "invalid api key"))

    outcome = _run_symbols(settings, dt.datetime(2026, 1, 5, 23, tzinfo=dt.UTC))

    assert outcome.status is Status.NOT_REACHED
    assert outcome.reason.startswith("Twelve Data refused the key")
    assert "wrong-key" not in str(outcome)
    assert [question.is_scripted for question in vendor.questions] == [True]
    assert all(
        b"wrong-key" not in path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()
    )
    assert all("wrong-key" not in question.url for question in vendor.questions)
