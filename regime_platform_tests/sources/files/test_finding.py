"""The files of a series: by the paths of its entry, else by names in the symbol's folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from regime_platform.errors import ConfigError, SourceError
from regime_platform.model.instruments import Instrument
from regime_platform.sources.files.finding import find_files, require_root, timeframes_of_files
from regime_platform.sources.protocol import NotOfferedError
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.mapped import MINE


def laid(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def naming(**files: Any) -> Instrument:
    return MINE.changed(files={f"1{unit}": paths for unit, paths in files.items()})


def names(paths: Sequence[Path]) -> list[str]:
    return [path.name for path in paths]


@pytest.mark.parametrize(
    ("name", "timeframe"),
    [
        ("daily.csv", "1day"),
        ("D1.CSV", "1day"),
        ("60min.txt", "1h"),
        ("H1.parquet", "1h"),
        ("M15.tsv", "15min"),
        ("1day.csv.gz", "1day"),
        ("mine_1h.feather", "1h"),
        ("MINE 5 minutes.csv.zip", "5min"),
        ("MINE_2023_Weekly.csv", "1week"),
        ("1week.zip", "1week"),
        ("h4-mine.arrow", "4h"),
    ],
)
def test_a_name_means_a_length_of_bars_in_any_spelling(
    tmp_path: Path, name: str, timeframe: str
) -> None:
    laid(tmp_path / "MINE", name, "mapping.yaml", "notes.docx", ".1day.csv", "1M.csv")

    assert names(find_files(tmp_path, MINE, timeframe)) == [name]
    assert timeframes_of_files(tmp_path, MINE) == (timeframe,)


def test_where_no_name_fits_the_reason_lists_what_lies_there(tmp_path: Path) -> None:
    laid(tmp_path / "MINE", "1M.csv", "a.csv", "b.csv", "c.csv", "d.xlsx", "e.csv", "mapping.yaml")
    laid(tmp_path / "BARE", "mapping.yaml")

    with pytest.raises(NotOfferedError) as caught:
        find_files(tmp_path, MINE, "1day")

    reason = str(caught.value)
    assert "no 1day.csv" in reason
    assert reason.endswith("it has 1M.csv, a.csv, b.csv, c.csv, d.xlsx and 1 more")
    assert str(tmp_path) not in reason
    with pytest.raises(NotOfferedError, match="it has nothing"):
        find_files(tmp_path, MINE.changed(symbol="BARE"), "1day")
    with pytest.raises(NotOfferedError, match="names files of 1h, none of 1day"):
        find_files(tmp_path, naming(h="x.csv"), "1day")


def test_several_names_of_one_length_are_refused_with_a_way_to_name_them(tmp_path: Path) -> None:
    laid(tmp_path / "MINE", "MINE_1day_2023.csv", "MINE_1day_2024.csv")

    with raises(SourceError, "ambiguous-file", match=r"`files: \{1day: \[MINE/MINE_1day_2023\.csv"):
        find_files(tmp_path, MINE, "1day")


def test_an_entry_names_paths_and_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laid(tmp_path / "bars", "a_1.csv", "a_2.csv", "b[1].csv", "mapping.yaml", ".a_3.csv")
    monkeypatch.setenv("HOME", str(tmp_path))

    entry = naming(day=["~/bars/a_*.csv", str(tmp_path / "bars/a_1.csv")], h="bars/b[1].csv")

    assert names(find_files(None, entry, "1day")) == ["a_1.csv", "a_2.csv"]
    assert names(find_files(tmp_path, entry, "1h")) == ["b[1].csv"]
    assert names(find_files(None, naming(day=f"{tmp_path}/bars/*"), "1day")) == [
        *("a_1.csv", "a_2.csv", "b[1].csv")
    ]
    assert timeframes_of_files(None, entry) == ("1h", "1day")
    with raises(SourceError, "no-file", match="no file matches .*c_"):
        find_files(tmp_path, naming(day="bars/c_*.csv"), "1day")


def test_the_root_is_needed_only_for_what_is_below_it(tmp_path: Path) -> None:
    absolute, relative = naming(day="/bars/x.csv"), naming(day="x.csv")

    require_root(None, [absolute])
    for entry, named in ((MINE, "no files"), (relative, r"x\.csv")):
        with raises(ConfigError, "no-files-root", match=f"MINE names {named}.*REGIME_FILES_ROOT"):
            require_root(None, [absolute, entry])
        with raises(ConfigError, "no-files-root", match="MINE names"):
            find_files(None, entry, "1day")
    with raises(ConfigError, "no-files-root", match="absent, which is no folder"):
        require_root(tmp_path / "absent", [MINE])
