"""Reading a watchlist refuses what is no text file, with the remedy."""

from pathlib import Path

import pytest

from regime_platform.errors import UsageError
from regime_platform.query.watchlist import read_watchlist
from regime_platform_tests.error_codes import raises
from regime_platform_tests.model.test_watchlist import UNIVERSE


def test_symbols_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("IBM\nAAPL\n")

    assert read_watchlist(path, UNIVERSE) == read_watchlist(str(path), UNIVERSE) == ("IBM", "AAPL")


@pytest.mark.parametrize("kind", ["missing", "folder", "binary"])
def test_what_is_no_text_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(b"\xff\xfe\x00I")

    with raises(UsageError, "unreadable-file", match=rf"{kind}.*a symbol a line"):
        read_watchlist(path, UNIVERSE)
