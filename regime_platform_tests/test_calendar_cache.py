"""Sessions are read as they were computed, and whatever else lies there is computed again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from regime_platform import calendar_cache
from regime_platform.calendar_cache import CalendarCache
from regime_platform.model.calendar import sessions as calendars
from regime_platform.model.calendar.sessions import sessions
from regime_platform.sealed_cache import SealedCache


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CalendarCache]:
    """A cache that this process uses, with the sessions of New York and Hong Kong."""
    made = CalendarCache(SealedCache(tmp_path / "calendars"))
    monkeypatch.setattr(calendars, "_store", lambda: made)
    sessions.cache_clear()
    for code in ("XNYS", "XHKG"):
        sessions(code)
    yield made
    sessions.cache_clear()


@pytest.mark.usefixtures("kept")
def test_sessions_are_read_as_they_were_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = {code: calendars._computed(code) for code in ("XNYS", "XHKG")}
    monkeypatch.setattr(calendars, "_of_library", lambda *_: pytest.fail("computed again"))
    sessions.cache_clear()

    for code, spans in computed.items():
        assert sessions(code).equals(spans)
        assert sessions(code).schema == spans.schema


def test_damaged_file_is_computed_and_written_again(kept: CalendarCache) -> None:
    path = kept.files.folder / "XNYS.arrow"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    sessions.cache_clear()

    spans = sessions("XNYS")

    assert spans.height > 30_000
    assert path.read_bytes() == whole


def test_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = CalendarCache(SealedCache(tmp_path / "file"))

    cache.keep("XNYS", calendars.sessions("FX"))

    assert cache.read("XNYS") is None


def test_other_versions_have_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    present = calendar_cache.calendar_cache().files.folder
    monkeypatch.setattr(calendar_cache, "version", lambda name: f"{name} 99")
    calendar_cache.calendar_cache.cache_clear()

    other = calendar_cache.calendar_cache().files.folder

    calendar_cache.calendar_cache.cache_clear()
    assert other.parent == present.parent
    assert other != present
