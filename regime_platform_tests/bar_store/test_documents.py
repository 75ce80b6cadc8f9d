"""Documents of a symbol are read as typed values, or named with the command that repairs them."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from regime_platform.bar_store.documents import read_document
from regime_platform.errors import BarsError
from regime_platform_tests.error_codes import raises

COUNTS = TypeAdapter(dict[str, int])


def test_a_document_is_read_and_a_missing_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    assert read_document(path, COUNTS, "counts-damaged") is None

    path.write_text('{"bars": 3}')

    assert read_document(path, COUNTS, "counts-damaged") == {"bars": 3}


@pytest.mark.parametrize("text", ["{", '{"bars": "many"}', "[1]"])
def test_a_damaged_document_is_named_with_the_repair(tmp_path: Path, text: str) -> None:
    path = tmp_path / "AAA" / "counts.json"
    path.parent.mkdir()
    path.write_text(text)

    with raises(BarsError, "counts-damaged", match=r"counts\.json .*`regime repair AAA`"):
        read_document(path, COUNTS, "counts-damaged")
