"""Manifests are verified by their digest when they are read."""

import json

import pytest

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import (
    read_bar_manifest,
    read_compute_manifest,
    whole_bar_manifest,
)
from regime_platform.errors import BarsError
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
