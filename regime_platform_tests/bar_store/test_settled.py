"""What is read amid the writes of another process counts only where it is good."""

from collections.abc import Callable
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.settled import read_settled

BAD, GOOD = "a file is missing", "whole"


@pytest.fixture
def paths(tmp_path: Path) -> SymbolPaths:
    paths = SymbolPaths(tmp_path / "AAA")
    with writing(paths):
        paths.verdict.write_text("1")
    return paths


def _read(answers: list[str], also: Callable[[], object] = bool) -> Callable[[], str]:
    def read() -> str:
        also()
        return answers.pop(0)

    return read


def _settled(paths: SymbolPaths, read: Callable[[], str], patience: float = 60.0) -> str:
    return read_settled(paths, read, lambda answer: answer == GOOD, patience)


def test_an_answer_is_read_again_while_the_symbol_is_being_written(paths: SymbolPaths) -> None:
    with writing(paths):
        assert _settled(paths, _read([BAD, BAD, GOOD])) == GOOD


def test_an_answer_is_read_again_where_a_document_changed_meanwhile(paths: SymbolPaths) -> None:
    texts = iter(["longer", "longest"])

    def write() -> None:
        if text := next(texts, ""):
            paths.verdict.write_text(text)

    assert _settled(paths, _read([BAD, BAD, GOOD], write)) == GOOD


def test_what_is_wrong_without_a_writer_is_the_answer_at_once(paths: SymbolPaths) -> None:
    left = [BAD, GOOD]

    assert _settled(paths, _read(left)) == BAD
    assert left == [GOOD]


def test_a_writer_that_does_not_end_is_not_waited_for_without_end(paths: SymbolPaths) -> None:
    with writing(paths):
        assert _settled(paths, _read([BAD, GOOD]), patience=-1.0) == BAD
