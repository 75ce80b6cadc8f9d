"""Bars that a file lacks: withdrawn inside of it, kept at its ends; other readings of it."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.compaction import compact
from regime_platform.bar_store.raw.gate_input import GateInput, gate_input
from regime_platform.bar_store.raw.raw_file import open_raw
from regime_platform.bar_store.raw.raw_log import append, extent
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.pipeline.outcomes import SeriesIngest
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform.sources.files.mapping import FileMapping
from regime_platform_tests.builders import fetch_origin, make_bars
from regime_platform_tests.pipeline.vendor_street import catch_up
from regime_platform_tests.scenario import later, serve, street, with_value

DAYS = make_bars(20)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return street(tmp_path, ["AAA"])


def _fetch(settings: Settings, now: dt.datetime, bars: pl.DataFrame | None = None) -> SeriesIngest:
    if bars is not None:
        serve(settings, "AAA", "1day", bars)
    return catch_up(settings, now, ["1day"])[0].series[0]


def _map(settings: Settings, text: str) -> None:
    assert settings.files_root is not None
    (settings.files_root / "AAA" / "mapping.yaml").write_text(text)


def _input(settings: Settings, as_of: dt.datetime | None = None) -> GateInput:
    instrument = RunWorkspace.open(settings).universe.instrument("AAA")
    then = None if as_of is None else later(as_of, 0.5)  # pages are stamped when they arrive
    return gate_input(_paths(settings), "1day", instrument.market, then)


def _paths(settings: Settings) -> SymbolPaths:
    return RunWorkspace.open(settings).root.symbol("AAA")


def _bars(settings: Settings, as_of: dt.datetime | None = None) -> pl.DataFrame:
    return _input(settings, as_of).rows.select(BAR_COLUMNS)


def test_bars_missing_inside_the_file_are_withdrawn_at_once(
    settings: Settings, now: dt.datetime
) -> None:
    _fetch(settings, now, DAYS)
    corrected = pl.concat([DAYS[:7], DAYS[9:]])

    series = _fetch(settings, later(now), corrected)

    assert (series.withdrawn, series.new, series.revised, series.changed) == (2, 0, 0, 2)
    assert _bars(settings).equals(corrected)
    assert _bars(settings, now).equals(DAYS)
    raw = extent(_paths(settings).raw("1day"))
    assert raw is not None
    assert raw.rows == 18


def test_a_withdrawn_bar_that_is_served_again_is_in_force_again(
    settings: Settings, now: dt.datetime
) -> None:
    _fetch(settings, now, DAYS)
    _fetch(settings, later(now), pl.concat([DAYS[:7], DAYS[8:]]))

    series = _fetch(settings, later(now, 2), DAYS)

    assert (series.new, series.revised, series.withdrawn) == (1, 0, 0)
    assert _bars(settings).equals(DAYS)
    assert _bars(settings, later(now)).height == 19


def test_nothing_is_written_while_the_file_stays_as_it_is(
    settings: Settings, now: dt.datetime
) -> None:
    _fetch(settings, now, DAYS)
    _fetch(settings, later(now), pl.concat([DAYS[3:7], DAYS[8:]]))
    before = list_raw(_paths(settings).raw("1day")).names

    series = _fetch(settings, later(now, 2))

    assert (series.changed, series.same) == (0, 16)
    assert list_raw(_paths(settings).raw("1day")).names == before


def test_bars_missing_at_the_ends_stay_and_are_lost(settings: Settings, now: dt.datetime) -> None:
    _fetch(settings, now, DAYS)

    series = _fetch(settings, later(now), DAYS[3:18])

    known = _input(settings)
    assert series.changed == 0
    assert known.rows.select(BAR_COLUMNS).equals(DAYS)
    assert known.lost.to_list() == [*DAYS["ts"][:3], *DAYS["ts"][18:]]
    _fetch(settings, later(now, 2), DAYS)
    assert _input(settings).lost.to_list() == []


def test_a_file_that_is_gone_has_lost_all_its_bars(settings: Settings, now: dt.datetime) -> None:
    _fetch(settings, now, DAYS)
    assert settings.files_root is not None
    (settings.files_root / "AAA" / "1day.parquet").unlink()

    series = _fetch(settings, later(now))

    assert series.status == "not_offered"
    assert _bars(settings).equals(DAYS)
    assert len(_input(settings).lost) == 20


def test_the_start_of_a_rolling_file_is_not_lost(settings: Settings, now: dt.datetime) -> None:
    _fetch(settings, now, DAYS)
    _fetch(settings, later(now), DAYS[2:18])
    _map(settings, "rolling: true\n")

    _fetch(settings, later(now, 2), DAYS[3:18])

    assert _input(settings).lost.to_list() == DAYS["ts"][18:].to_list()
    assert _bars(settings).equals(DAYS)


@pytest.mark.parametrize("place", [0, 10, 19])
def test_a_bad_line_that_is_deleted_blocks_no_longer(
    settings: Settings, now: dt.datetime, place: int
) -> None:
    bad = with_value(DAYS, place, high=-1.0)
    _fetch(settings, now, bad)
    corrected = pl.concat([DAYS[:place], DAYS[place + 1 :]])

    assert _fetch(settings, later(now), corrected).withdrawn == 1
    assert _bars(settings).equals(corrected)


def test_a_line_with_a_wrong_year_or_no_time_is_withdrawn(
    settings: Settings, now: dt.datetime
) -> None:
    far = DAYS[5].with_columns(pl.col("ts").dt.offset_by("60y"))
    none = DAYS[6].with_columns(ts=pl.lit(None, DAYS.schema["ts"]))
    _fetch(settings, now, pl.concat([DAYS, far, none]))

    _fetch(settings, later(now), DAYS)

    assert _bars(settings).equals(DAYS)


def test_another_reading_replaces_the_bars_before_it(settings: Settings, now: dt.datetime) -> None:
    _fetch(settings, now, DAYS)
    swapped = "columns: {ts: ts, open: close, high: high, low: low, close: open, volume: volume}\n"
    _map(settings, swapped)

    series = _fetch(settings, later(now), DAYS[4:])

    other = DAYS[4:].with_columns(open="close", close="open")
    assert (series.revised, series.withdrawn) == (16, 4)
    assert _bars(settings).equals(other)
    assert _bars(settings, now).equals(DAYS)
    _map(settings, "{}\n")
    assert _fetch(settings, later(now, 2)).revised == 16
    assert _bars(settings).equals(DAYS[4:])
    assert _bars(settings, later(now)).equals(other)


def test_another_reading_without_bars_or_with_an_error_changes_nothing(
    settings: Settings, now: dt.datetime
) -> None:
    _fetch(settings, now, DAYS)
    _map(settings, "columns: {ts: when, open: o, high: h, low: l, close: c}\n")
    assert _fetch(settings, later(now)).status == "failed"
    empty = DAYS.clear().rename({"ts": "when", "open": "o", "high": "h", "low": "l", "close": "c"})
    assert _fetch(settings, later(now, 2), empty).changed == 0
    assert _bars(settings).equals(DAYS)


def test_a_log_without_a_reading_is_of_the_first_that_is_recorded(
    settings: Settings, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(FileMapping, "reading", lambda _mapping, _label: "")
        _fetch(settings, now, DAYS)
    first = _fetch(settings, later(now))
    again = _fetch(settings, later(now, 2))
    _map(settings, 'time_format: "%Y"\n')

    third = _fetch(settings, later(now, 3))

    assert (first.changed, again.changed, third.same) == (0, 0, 20)
    assert len(list_raw(_paths(settings).raw("1day")).files) == 3
    assert _bars(settings).equals(DAYS)


def test_compaction_keeps_marks_and_readings(settings: Settings, now: dt.datetime) -> None:
    _fetch(settings, now, DAYS)
    _fetch(settings, later(now), pl.concat([DAYS[2:7], DAYS[8:]]))
    _map(settings, 'time_format: "%Y"\n')
    _fetch(settings, later(now, 2), DAYS[3:])
    before = [_bars(settings, later(now, hours)) for hours in range(3)]
    folder = _paths(settings).raw("1day")
    versions = [open_raw(folder, name).version for name in list_raw(folder).files]

    compact(folder)

    (name,) = list_raw(folder).files
    assert versions == [2, 3, 3]
    assert open_raw(folder, name).version == 3
    after = [_bars(settings, later(now, hours)) for hours in range(3)]
    assert all(first.equals(second) for first, second in zip(before, after, strict=True))
    assert _fetch(settings, later(now, 3)).changed == 0
    assert len(list_raw(folder).files) == 1


def test_a_log_without_bars_of_the_file_records_no_reading(
    settings: Settings, now: dt.datetime
) -> None:
    append(_paths(settings).raw("1day"), DAYS, fetch_origin(now))

    assert _fetch(settings, later(now), DAYS).changed == 0
    assert len(list_raw(_paths(settings).raw("1day")).files) == 1
