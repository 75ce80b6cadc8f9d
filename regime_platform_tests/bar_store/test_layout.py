"""Paths of a data root; names from documents cannot lead out of it."""

from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot, FileClass, SymbolPaths, file_classes
from regime_platform.errors import BarsError, ConfigError, PathError
from regime_platform_tests.error_codes import raises


def test_every_file_of_a_symbol_has_one_class() -> None:
    assert file_classes("raw/1day/000001-20261122T031500Z-01234567.parquet") == [FileClass.SEALED]
    assert file_classes("acquisition.json") == [FileClass.CACHE]
    assert file_classes(".tmp-123-compute.db") == [FileClass.CACHE]
    assert file_classes("notes.txt") == []


def test_an_archived_folder_is_of_the_symbol_that_it_is_below(tmp_path: Path) -> None:
    root = DataRoot(tmp_path)

    assert SymbolPaths(root.archive / "FB" / "1").symbol == "FB"
    assert root.symbol("FB").symbol == "FB"
    assert DataRoot(tmp_path, {"FB": root.archive / "FB" / "1"}).symbol("FB").symbol == "FB"


def test_only_a_data_root_has_records_of_proven_files(tmp_path: Path) -> None:
    assert DataRoot(tmp_path).symbol("FB").proven == tmp_path / "proven" / "FB.json"
    assert SymbolPaths(tmp_path / "FB").proven is None


def test_a_name_that_is_no_timeframe_makes_no_path(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)

    for folder in (paths.raw, paths.bars, paths.rejected):
        with raises(BarsError, "unknown-timeframe", match=r"'\.\./1day'"):
            folder("../1day")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a\\b", ""])
def test_a_document_name_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    root = DataRoot(tmp_path)

    with pytest.raises(ConfigError):
        root.symbol(name)
    if name:
        for path_of in (root.migration, root.era_set):
            with pytest.raises(PathError):
                path_of(name)
