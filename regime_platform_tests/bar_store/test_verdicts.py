"""verdict.json: sealed by its last entry, readable without a seal where nothing was added."""

import json
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.verdicts import read_verdict, recorded_first_dates, write_verdict
from regime_platform.errors import BarsError
from regime_platform.validation.policy import DEFAULT_CONTEXT
from regime_platform.validation.verdict import Verdict
from regime_platform_tests.error_codes import raises

VERDICT = Verdict.of("AAPL", (), DEFAULT_CONTEXT, "4.13")


@pytest.fixture
def paths(tmp_path: Path) -> SymbolPaths:
    """A symbol with a verdict."""
    paths = SymbolPaths(tmp_path / "AAPL")
    write_verdict(paths, VERDICT)
    return paths


def test_a_verdict_is_read_as_written(paths: SymbolPaths) -> None:
    assert read_verdict(paths) == VERDICT
    assert list(json.loads(paths.verdict.read_text()))[-1] == "seal"


def test_a_symbol_without_the_file_was_never_validated(tmp_path: Path) -> None:
    assert read_verdict(SymbolPaths(tmp_path)) is None


def test_a_verdict_of_a_release_without_seal_is_read(paths: SymbolPaths) -> None:
    document = json.loads(paths.verdict.read_text())
    del document["seal"]
    paths.verdict.write_text(json.dumps(document))

    assert read_verdict(paths) == VERDICT


@pytest.mark.parametrize("damage", ["changed", "renamed", "[]", "", "{", "[" * 100_000])
def test_a_damaged_verdict_is_named_with_the_repair(paths: SymbolPaths, damage: str) -> None:
    document = json.loads(paths.verdict.read_text())
    changes = {
        "changed": {**document, "calendar_version": "4.14"},
        "renamed": {("sealed" if name == "seal" else name): document[name] for name in document},
    }
    paths.verdict.write_text(json.dumps(changes[damage]) if damage in changes else damage)

    with raises(BarsError, "verdict-damaged", match=r"verdict\.json .*`regime repair AAPL --yes`"):
        read_verdict(paths)


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    paths.verdict.mkdir()

    with raises(BarsError, "folder-in-place", match=r"verdict\.json"):
        read_verdict(paths)


def test_first_dates_are_read_of_a_changed_verdict_too(msft: SymbolPaths) -> None:
    document = json.loads(msft.verdict.read_text())
    for series in document["series"]:
        series["listed"] = {"first": "1986-03-13"}

    msft.verdict.write_text(json.dumps(document))

    assert recorded_first_dates(msft) == {"1day": "1986-03-13", "1week": "1986-03-13"}
    msft.verdict.write_text("{")
    assert recorded_first_dates(msft) == {}
