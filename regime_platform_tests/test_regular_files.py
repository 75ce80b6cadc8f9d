"""Only regular files of a bounded size are read."""

import os
from pathlib import Path

import pytest

from regime_platform.regular_files import IrregularFileError, read_bytes, read_text
from regime_platform_tests.error_codes import raises


def test_a_file_is_read_as_bytes_and_as_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("ä".encode())

    assert read_bytes(tmp_path / "a", most=2) == b"\xc3\xa4"
    assert read_text(tmp_path / "a") == "ä"


def test_a_larger_file_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123")

    with raises(IrregularFileError, "file-too-large", match="split it"):
        read_bytes(tmp_path / "a", most=2)


def test_a_pipe_and_a_folder_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with raises(IrregularFileError, "irregular-file", match="pipe is a pipe"):
        read_bytes(tmp_path / "pipe")
    with raises(IrregularFileError, "irregular-file", match="is a folder"):
        read_bytes(tmp_path)


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "none")
