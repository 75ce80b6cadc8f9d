"""Manifests are verified by their digest, and the lines of their chain are whole."""

import json
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import (
    FormerManifests,
    append_links,
    read_bar_manifest,
    read_chain,
    read_compute_manifest,
    read_former_manifests,
    read_newest,
    whole_bar_manifest,
    write_former_manifests,
)
from regime_platform.errors import BarsError, ConfigError
from regime_platform.manifests.manifest import ChainLink
from regime_platform_tests.error_codes import raises


def test_both_manifests_are_read_and_a_missing_one_is_none(msft: SymbolPaths) -> None:
    bars, results = read_bar_manifest(msft), read_compute_manifest(msft)
    assert bars is not None
    assert results is not None
    assert (bars.manifest.symbol, results.manifest.symbol) == ("MSFT", "MSFT")

    msft.manifest.unlink()

    assert read_bar_manifest(msft) is None


@pytest.mark.parametrize("damage", ["cut", "changed", "list"])
def test_a_damaged_manifest_is_named_and_counts_as_none_where_that_is_enough(
    msft: SymbolPaths, damage: str
) -> None:
    document = json.loads(msft.manifest.read_text())
    document["manifest"]["symbol"] = "IBM"
    texts = {"cut": "{", "changed": json.dumps(document), "list": "[1]"}
    msft.manifest.write_text(texts[damage])

    with raises(BarsError, "manifest-damaged", match=r"manifest\.json"):
        read_bar_manifest(msft)
    assert whole_bar_manifest(msft) is None


def test_a_manifest_of_another_version_is_none(msft: SymbolPaths) -> None:
    document = json.loads(msft.manifest.read_text())
    document["manifest"]["manifest_version"] += 1
    msft.manifest.write_text(json.dumps(document))

    assert read_bar_manifest(msft) is None


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
    folder = tmp_path / "AAPL"
    folder.mkdir()
    return SymbolPaths(folder)


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

    with raises(BarsError, "chain-damaged", match=r"chain\.jsonl .*`regime repair AAPL --yes`"):
        read_chain(paths)


def test_former_manifests_keep_the_keys_of_a_later_release(
    tmp_path: Path,
) -> None:
    paths = SymbolPaths(tmp_path)
    assert read_former_manifests(paths) == ()
    document = {
        "former": "FB",
        "symbol": "META",
        "renamed_at": "2022-06-09T00:00:00Z",
        "manifest": {"digest": "abc"},
        "of_a_later_release": 1,
    }

    write_former_manifests(paths, [FormerManifests.model_validate(document)])

    (entry,) = read_former_manifests(paths)
    assert entry.model_dump(mode="json", exclude_unset=True) == document
    assert not entry.is_lost


@pytest.mark.parametrize("text", ['{"renames": [{"former": 1}]}', "{"])
def test_a_damaged_file_of_former_manifests_is_named_with_the_repair(
    tmp_path: Path, text: str
) -> None:
    paths = SymbolPaths(tmp_path)
    paths.renames.write_text(text)

    with raises(ConfigError, "former-manifests-damaged", match="regime repair"):
        read_former_manifests(paths)
