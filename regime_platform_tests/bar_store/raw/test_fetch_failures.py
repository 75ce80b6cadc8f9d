"""Two processes record in fetch_failures.json without losing what the other wrote."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from regime_platform.bar_store import locks
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw import fetch_failures
from regime_platform.bar_store.raw.fetch_failures import note_no_bars, read_failures, record_fetch
from regime_platform.bar_store.session import SymbolSession

_DAY = dt.date(2024, 3, 1)


def test_what_another_process_recorded_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, other = SymbolSession(tmp_path / "AAA"), SymbolPaths(tmp_path / "AAA")
    record_fetch(other, "1day", "failed", "503", _DAY)
    taken = locks.writing

    @contextmanager
    def late(locked: SymbolPaths) -> Iterator[None]:
        monkeypatch.setattr(fetch_failures, "writing", taken)
        record_fetch(other, "1week", "unknown_symbol", "404", _DAY)
        with taken(locked):
            yield

    monkeypatch.setattr(fetch_failures, "writing", late)

    assert note_no_bars(paths, "AAA has no bars")
    assert not note_no_bars(paths, "AAA has no bars")
    assert set(read_failures(paths).series) == {"1day", "1week"}
    assert note_no_bars(paths, "")
    for timeframe in ("1day", "1week"):
        record_fetch(paths, timeframe, "", "", _DAY)
    assert not paths.fetch_failures.exists()
