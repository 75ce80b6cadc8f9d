"""Several files of one series are one series, or are refused."""

from pathlib import Path

from regime_platform.errors import BarsError
from regime_platform.sources.files.source import FilesSource
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.csv_files import HEADER, csv_file
from regime_platform_tests.sources.files.mapped import MINE

EARLY = HEADER + "2024-01-02,1,1,1,1,1\n2024-01-03,2,2,2,2,\n"
LATE = HEADER + "2024-01-03,2,2,2,2,\n2024-01-04,3,3,3,3,3\n"


def test_files_follow_each_other_by_their_first_bars(tmp_path: Path) -> None:
    csv_file(tmp_path, LATE, "a.csv")
    csv_file(tmp_path, EARLY, "b.csv")
    csv_file(tmp_path, HEADER, "c.csv")
    entry = MINE.changed(files={"1day": f"{tmp_path}/*.csv"})

    page = FilesSource(None).series(entry, "1d")

    assert page.bars["close"].to_list() == [1, 2, 3]
    alone = FilesSource(None).series(MINE.changed(files={"1day": f"{tmp_path}/b.csv"}), "1day")
    assert page.reading == alone.reading


def test_files_that_differ_are_refused_with_both_and_the_bar(tmp_path: Path) -> None:
    csv_file(tmp_path, EARLY, "a.csv")
    csv_file(tmp_path, LATE.replace("2024-01-03,2,2,2,2", "2024-01-03,2,2,2,9"), "b.csv")
    entry = MINE.changed(files={"1day": f"{tmp_path}/*.csv"})

    with raises(
        BarsError,
        "files-differ",
        match=r"a\.csv line 3 and .*b\.csv line 2 .* 2024-01-03 .*close 2.0 and 9.0",
    ):
        FilesSource(None).series(entry, "1day")


def test_a_bar_twice_in_one_file_is_left_to_the_gate(tmp_path: Path) -> None:
    csv_file(tmp_path, EARLY + "2024-01-02,9,9,9,9,9\n", "a.csv")
    csv_file(tmp_path, LATE, "b.csv")
    entry = MINE.changed(files={"1day": f"{tmp_path}/*.csv"})

    assert FilesSource(None).series(entry, "1day").bars.height == 4


def test_finer_bars_are_stated_and_served(tmp_path: Path) -> None:
    text = HEADER + "2024-01-02T14:30:00Z,1,1,1,1,1\n2024-01-02T14:35:00Z,1,1,1,1,1\n"
    csv_file(tmp_path, text, "M5.csv")
    entry = MINE.changed(files={"5min": f"{tmp_path}/M5.csv", "1day": "d.csv"})

    assert FilesSource(None).finer(entry) == ["5min"]
    assert FilesSource(None).series(entry, "5min").bars.height == 2
