"""Labels of files that are no opens are read as their opens, or refused where they are unclear."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from regime_platform.errors import BarsError, ConfigError
from regime_platform.model.calendar.sessions import sessions
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import MARKETS
from regime_platform.sources.files.source import FilesSource
from regime_platform.sources.protocol import BarPage
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.mapped import OURS, utc

START, END = utc(2024, 1, 2), utc(2024, 2, 10)
NEW_YORK = "America/New_York"


def page(
    root: Path,
    timeframe: str,
    labels: Sequence[str] | pl.Series,
    asset_class: str = "US_EQUITY",
    mapping: str = "",
) -> BarPage:
    """What a file with these labels serves; texts are of a CSV file, a series is of Parquet."""
    folder = root / "MINE"
    folder.mkdir()
    if isinstance(labels, pl.Series):
        bars = make_bars(labels.len()).with_columns(ts=labels)
        bars.write_parquet(folder / f"{timeframe}.parquet")
    else:
        rows = "".join(f"{label},1,1,1,{n + 1},1\n" for n, label in enumerate(labels))
        (folder / f"{timeframe}.csv").write_text(OURS + rows, encoding="utf-8")
    if mapping:
        (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    mine = Instrument(
        symbol="MINE", name="My own", asset_class=asset_class, tier="core", source="files"
    )
    return FilesSource(root).series(mine, timeframe)


def dates(page: BarPage) -> list[str]:
    assert (page.bars["ts"].dt.time() == dt.time()).all()
    return page.bars["ts"].dt.strftime("%m-%d").to_list()


def days(asset_class: str = "US_EQUITY") -> pl.Series:
    return expected_opens(MARKETS[asset_class], "1day", START, END)


def at(opens: pl.Series, time: dt.time, zone: str, days: int = 0) -> pl.Series:
    """The instants at a local time of the dates of ``opens``, some days later."""
    local = opens.dt.date().cast(pl.Datetime("us")) + dt.timedelta(days=days)
    shifted = local + dt.timedelta(hours=time.hour, minutes=time.minute)
    return shifted.dt.replace_time_zone(zone).dt.convert_time_zone("UTC").alias("ts")


def texts(instants: pl.Series, form: str = "%Y-%m-%d %H:%M:%S%:z") -> list[str]:
    return instants.dt.strftime(form).to_list()


@pytest.mark.parametrize(
    "label",
    [
        "2024-01-02 00:00:00-05:00",
        "2024-01-02 00:00:00+09:00",
        "2024-01-02T00:00:00Z",
        "2024-01-02T05:00Z",
        "2024-01-02T21:00Z",
        "2024-01-02 16:00",
        "2024-01-02 16:00:00-05:00",
        "2024-01-02 21:00:00",
        "2024-01-02 23:59:59",
    ],
)
def test_a_date_with_an_offset_or_a_time_is_that_date(tmp_path: Path, label: str) -> None:
    assert dates(page(tmp_path, "1day", [label])) == ["01-02"]


def test_aware_midnights_of_parquet_are_their_dates(tmp_path: Path) -> None:
    labels = at(days(), dt.time(), NEW_YORK).dt.convert_time_zone(NEW_YORK)

    served = page(tmp_path, "1day", labels)

    assert served.bars["ts"].equals(days())
    assert served.note == ""


@pytest.mark.parametrize(("shift", "side"), [(-1, "open"), (0, "close")])
def test_the_calendar_shows_which_day_of_a_currency_a_time_is_of(
    tmp_path: Path, shift: int, side: str
) -> None:
    labels = at(days("FX"), dt.time(17), NEW_YORK, shift)

    served = page(tmp_path, "1day", texts(labels), "FX")

    assert served.bars["ts"].equals(days("FX"))
    assert side in served.note


def test_a_time_of_few_days_of_a_currency_is_unclear_until_it_is_declared(tmp_path: Path) -> None:
    labels = ["2024-01-02 22:00Z", "2024-01-03 22:00Z"]
    with raises(BarsError, "unclear-labels", match=r"`label: open or close`.*mapping\.yaml"):
        page(tmp_path, "1day", labels, "FX")

    for number, (side, expected) in enumerate(
        [("open", ["01-03", "01-04"]), ("close", ["01-02", "01-03"])]
    ):
        root = tmp_path / str(number)
        root.mkdir()
        assert dates(page(root, "1day", labels, "FX", f"label: {side}")) == expected


def test_a_midnight_that_is_declared_as_the_close_ends_the_day_before(tmp_path: Path) -> None:
    labels = ["2024-01-02 00:00:00", "2024-01-03 00:00:00"]

    assert dates(page(tmp_path, "1day", labels, "CRYPTO", "label: close")) == ["01-01", "01-02"]


@pytest.mark.parametrize(
    ("labels", "mapping", "expected"),
    [
        (["2024-01-05", "2024-01-12"], "", ["01-01", "01-08"]),  # Fridays
        (["2024-01-08", "2024-01-16"], "", ["01-08", "01-15"]),  # a Tuesday after a holiday
        (["2024-01-07", "2024-01-14"], "label: open", ["01-08", "01-15"]),
        (["2024-01-07", "2024-01-14"], "label: {1week: close}", ["01-01", "01-08"]),
        (["2024-01-05 16:00", "2024-01-12 16:00"], f"zone: {NEW_YORK}", ["01-01", "01-08"]),
    ],
)
def test_weeks_by_another_day_are_read_as_their_monday(
    tmp_path: Path, labels: list[str], mapping: str, expected: list[str]
) -> None:
    served = page(tmp_path, "1week", labels, mapping=mapping)

    assert dates(served) == expected
    assert "read as their Monday" in served.note


def test_a_week_that_begins_on_sunday_evening_is_that_of_its_monday(tmp_path: Path) -> None:
    assert dates(page(tmp_path, "1week", ["2024-01-07 17:00:00-05:00"], "FX")) == ["01-08"]


def test_weeks_labelled_sunday_are_unclear(tmp_path: Path) -> None:
    with raises(BarsError, "unclear-labels", match="label: open.*label: close"):
        page(tmp_path, "1week", ["2024-01-07", "2024-01-14"])


def test_two_labels_of_one_week_contradict(tmp_path: Path) -> None:
    with raises(BarsError, "clashing-labels", match="line 2 and line 3: 2024-01-02 and 2024-01-05"):
        page(tmp_path, "1week", ["2024-01-02", "2024-01-05", "2024-01-08"])


def test_the_newest_week_may_have_a_row_of_today(tmp_path: Path) -> None:
    assert dates(page(tmp_path, "1week", ["2024-01-01", "2024-01-08", "2024-01-10"])) == [
        "01-01",
        "01-08",
        "01-08",
    ]


def ends(timeframe: str, minutes: int) -> tuple[pl.Series, pl.Series]:
    """The opens of stock bars, and their ends, the last of each session at its close."""
    opens = expected_opens(MARKETS["US_EQUITY"], timeframe, START, END)
    close = sessions("XNYS").select(date="date", close="closes")
    bars = pl.DataFrame({"ts": opens}).with_columns(
        date=pl.col("ts").dt.convert_time_zone(NEW_YORK).dt.date()
    )
    bars = bars.join(close, on="date", how="left", maintain_order="left")
    end = pl.min_horizontal(pl.col("ts") + dt.timedelta(minutes=minutes), "close")
    return opens, bars.select(ts=end).to_series()


@pytest.mark.parametrize(("timeframe", "minutes"), [("15min", 15), ("1h", 60), ("4h", 240)])
def test_bars_of_an_exchange_that_are_labelled_by_their_end_are_recognised(
    tmp_path: Path, timeframe: str, minutes: int
) -> None:
    opens, labels = ends(timeframe, minutes)

    served = page(tmp_path, timeframe, texts(labels, "%Y-%m-%d %H:%M"))

    assert served.bars["ts"].equals(opens)
    assert served.note == "bars labelled by their end read by their open"
    (tmp_path / "declared").mkdir()
    declared = page(tmp_path / "declared", timeframe, texts(labels), mapping="label: close")
    assert declared.reading == served.reading  # it is the same one


def test_bars_are_read_by_their_open_where_the_calendar_does_not_show_their_end(
    tmp_path: Path,
) -> None:
    opens = expected_opens(MARKETS["US_EQUITY"], "1h", START, END)
    after_hours = opens.filter(opens.dt.hour() == 20) + dt.timedelta(minutes=30)
    labels = opens.append(after_hours).sort()

    served = page(tmp_path, "1h", texts(labels))

    assert served.bars["ts"].equals(labels)
    assert served.note == ""
    (tmp_path / "ends").mkdir()
    declared = page(tmp_path / "ends", "1h", texts(labels), mapping="label: close")
    assert declared.reading != served.reading


def test_ends_around_the_clock_are_declared(tmp_path: Path) -> None:
    opens = expected_opens(MARKETS["FX"], "4h", START, END)
    labels = texts(opens + dt.timedelta(hours=4))
    by_label = page(tmp_path, "4h", labels, "FX", "label: {4h: close}")

    assert by_label.bars["ts"].equals(opens)


@pytest.mark.parametrize("label", ["end", "[open]", "{2min: open}", "{1h: 5}", "{1h: [open]}"])
def test_an_unknown_label_is_refused(tmp_path: Path, label: str) -> None:
    with raises(ConfigError, "mapping-label", match="open or close"):
        page(tmp_path, "1h", ["2024-01-02 15:30"], mapping=f"label: {label}")
