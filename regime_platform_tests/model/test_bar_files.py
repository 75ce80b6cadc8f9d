"""An entry may name the files of its bars; they are no part of what it identifies."""

import pickle
from typing import Any

import pytest

from regime_platform.errors import ConfigError
from regime_platform.model.instruments import Instrument, parse_entry
from regime_platform.model.universe.plausibility import implausible
from regime_platform.model.universe.text import edited, universe_text
from regime_platform.model.universe.universe import parse_universe
from regime_platform_tests.error_codes import raises

ENTRY = {
    "symbol": "MINE",
    "name": "My own",
    "asset_class": "US_EQUITY",
    "tier": "daily",
    "source": "files",
}


def entry(**fields: Any) -> Instrument:
    return parse_entry({**ENTRY, **fields})


def test_paths_are_by_length_of_bars_the_shortest_first() -> None:
    mine = entry(files={"1d": " /bars/MINE.csv ", "1h": ["/a/*.csv", "b.csv"]})

    assert list(mine.files.items()) == [
        ("1h", ("/a/*.csv", "b.csv")),
        ("1day", ("/bars/MINE.csv",)),
    ]
    assert mine.model_dump(mode="json")["files"] == {
        "1h": ["/a/*.csv", "b.csv"],
        "1day": "/bars/MINE.csv",
    }
    assert parse_entry(mine.model_dump(mode="json")) == mine
    assert pickle.loads(pickle.dumps(mine)) == mine  # noqa: S301 - our own bytes


def test_files_and_the_symbol_in_them_identify_nothing() -> None:
    plain, named = entry(), entry(files={"1day": "/bars/x.csv"}, provider_symbol="mine.us")

    assert plain.identity == named.identity == {}
    assert "/bars" not in str(named.record)
    assert "files" not in plain.model_dump(mode="json")
    assert list(implausible([named, named.changed(symbol="YOURS")])) == []


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"2h": "x.csv"}, "unknown-timeframe"),
        ({"1day": "x.csv", "1d": "y.csv"}, "unknown-timeframe"),
        ({"1day": 3}, "misread-value"),
        ({"1day": ["x.csv", 3]}, "misread-value"),
        ({3: "x.csv"}, "misread-value"),
        ("x.csv", "misread-value"),
        ({"1day": []}, "no-path"),
        ({"1day": " "}, "no-path"),
    ],
)
def test_files_of_another_form_are_refused(files: Any, code: str) -> None:
    with raises(ConfigError, code, match="^MINE: files"):
        entry(files=files)


def test_only_the_source_files_knows_files() -> None:
    with raises(ConfigError, "unknown-field", match="sample does not know files"):
        entry(source="sample", files={"1day": "x.csv"})


@pytest.mark.parametrize("is_block", [False, True])
def test_an_edit_adds_changes_and_removes_files(is_block: bool) -> None:
    text = universe_text([entry()])
    if is_block:
        text = "instruments:\n  - " + "\n    ".join(f"{k}: {v}" for k, v in ENTRY.items()) + "\n"
    for files in ({"1day": "/a b/{x}.csv"}, {"1h": ["# a.csv", "é*.csv"], "1day": "c: d"}, {}):
        text = edited(text, {"MINE": entry(files=files)})

        assert parse_universe(text, "u").instrument("MINE") == entry(files=files)
    assert "files:" not in text
