"""Why a symbol has no bars: each reason once, and the command that asks again."""

import datetime as dt
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.no_bars import no_bars_reason
from regime_platform.bar_store.raw.fetch_failures import record_fetch
from regime_platform.model.instruments import parse_entry

_AAA = parse_entry(
    {"symbol": "AAA", "name": "A", "asset_class": "CRYPTO", "tier": "daily", "source": "files"}
)


@pytest.mark.parametrize(("status", "command"), [("unknown_symbol", "backfill"), ("failed", "run")])
def test_a_reason_of_all_timeframes_is_named_once_with_what_asks_again(
    tmp_path: Path, status: str, command: str
) -> None:
    paths = SymbolPaths(tmp_path / "AAA")
    for timeframe in ("1day", "1week"):
        record_fetch(paths, timeframe, status, f"AAA {timeframe}: gone", dt.date(2024, 3, 1))

    reason = no_bars_reason(paths, _AAA)

    assert reason == f"AAA has no bars: gone; `regime {command} AAA` asks again"
