"""chain.jsonl: whole lines, only ever added to."""

from pathlib import Path

import pytest

from regime_platform.bar_store.chain_file import append_links, read_chain, read_newest
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.manifests.manifest import ChainLink
from regime_platform_tests.error_codes import raises


def link(number: int, note: str = "") -> ChainLink:
    return ChainLink.sealed(
        kind="bars",
        number=number,
        digest="ab" * 32,
        replaces=None,
        about={"symbol": "AAPL", "note": note},
        run={"written_at": "2026-11-22T03:15:00Z"},
    )


@pytest.fixture
def paths(tmp_path: Path) -> SymbolPaths:
    """An empty folder of a symbol."""
    return SymbolPaths(tmp_path)


def test_without_a_file_there_are_no_links(paths: SymbolPaths) -> None:
    assert read_chain(paths) == read_newest(paths) == []


def test_links_are_read_in_the_order_of_writing(paths: SymbolPaths) -> None:
    append_links(paths, [link(1), link(2)])
    first = paths.chain.read_bytes()
    append_links(paths, [link(3)])

    assert [each.number for each in read_chain(paths)] == [1, 2, 3]
    assert all(each.is_whole for each in read_chain(paths))
    assert paths.chain.read_bytes().startswith(first)


def test_an_unfinished_line_is_not_read_and_cut_off_by_the_next(paths: SymbolPaths) -> None:
    append_links(paths, [link(1)])
    with paths.chain.open("ab") as stream:
        stream.write(b'{"kind": "ba')

    assert [each.number for each in read_chain(paths)] == [1]
    append_links(paths, [link(2)])

    assert [each.number for each in read_chain(paths)] == [1, 2]


def test_the_newest_links_are_read_from_the_end_of_a_long_chain(paths: SymbolPaths) -> None:
    append_links(paths, [link(number, "x" * 1000) for number in range(1, 200)])

    newest = [each.number for each in read_newest(paths)]

    assert newest == list(range(newest[0], 200))
    assert 1 < newest[0] < 199


@pytest.mark.parametrize("line", ["[]", "{}", "{", "3", "[" * 100_000])
def test_a_damaged_line_is_named_with_the_repair(paths: SymbolPaths, line: str) -> None:
    append_links(paths, [link(1)])
    with paths.chain.open("a") as stream:
        stream.write(f"{line}\n")

    with raises(BarsError, "chain-damaged", match=r"chain\.jsonl .*`regime repair`"):
        read_chain(paths)
