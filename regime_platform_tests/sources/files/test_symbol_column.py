"""One file with the bars of several symbols."""

from pathlib import Path
from typing import Any

import pytest

from regime_platform.errors import SourceError
from regime_platform.sources.files.source import FilesSource
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.mapped import MINE

ROWS = """Ticker,Date,Open,High,Low,Close
MINE,2024-01-02,1,1,1,1
yours,2024-01-02,2,2,2,2
BF/B,2024-01-02,3,3,3,3
MINE,2024-01-03,1,1,1,1
"""


@pytest.fixture
def many(tmp_path: Path) -> Path:
    (tmp_path / "mapping.yaml").write_text("symbol_column: Ticker\n")
    (tmp_path / "many.csv").write_text(ROWS)
    return tmp_path / "many.csv"


def test_each_symbol_has_its_own_rows(many: Path) -> None:
    source, files = FilesSource(None), {"1day": str(many)}
    entries: dict[str, dict[str, Any]] = {
        "own": {},
        "case": {"symbol": "YOURS"},
        "at source": {"provider_symbol": "BF/B"},
        "spelling": {"symbol": "BF.B", "written": "BF/B"},
        "renamed": {"symbol": "OURS", "formerly": ["MINE"]},
    }

    closes = {
        name: source.series(MINE.changed(files=files, **fields), "1day").bars["close"].to_list()
        for name, fields in entries.items()
    }

    assert closes == {
        "own": [1, 1],
        "case": [2],
        "at source": [3],
        "spelling": [3],
        "renamed": [1, 1],
    }


def test_a_changed_file_is_read_again(many: Path) -> None:
    source, mine = FilesSource(None), MINE.changed(files={"1day": str(many)})
    before = source.series(mine, "1day").bars.height

    many.write_text(ROWS + "MINE,2024-01-04,1,1,1,1\n")

    assert (before, source.series(mine, "1day").bars.height) == (2, 3)


def test_a_symbol_that_the_file_lacks_or_has_twice_is_refused(many: Path) -> None:
    other = MINE.changed(symbol="OTHER", files={"1day": str(many)})
    with raises(SourceError, "no-symbol-rows", match="BF/B, MINE, yours.*OTHER.*provider_symbol"):
        FilesSource(None).series(other, "1day")

    many.write_text(ROWS + "mine,2024-01-04,1,1,1,1\n")
    with raises(SourceError, "no-symbol-rows", match="MINE and mine, which differ in case"):
        FilesSource(None).series(MINE.changed(files={"1day": str(many)}), "1day")


def test_a_section_of_a_former_symbol_stays_in_force(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text("symbols: {OLD: {scale: 10}}\n")
    (tmp_path / "a.csv").write_text("Date,Open,High,Low,Close\n2024-01-02,10,10,10,10\n")
    renamed = MINE.changed(formerly=["OLD"], files={"1day": str(tmp_path / "a.csv")})

    assert FilesSource(None).series(renamed, "1day").bars["close"].to_list() == [1.0]
