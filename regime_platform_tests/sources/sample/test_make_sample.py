"""The files of the sample are what their metadata describes, and come out the same again."""

import json

import pytest

from regime_platform.files import file_sha256
from regime_platform.model.instants import iso
from regime_platform.sources.sample.make_sample import SPLITS, synthetic_series
from regime_platform.sources.sample.source import SAMPLE_DATA
from regime_platform_tests.sources.sample.served import FILES, served


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_the_one_that_its_metadata_describes(file: str) -> None:
    facts = FILES[file]

    bars = served(facts["symbol"], facts["timeframe"])

    assert file_sha256(SAMPLE_DATA / file) == facts["sha256"]
    assert (bars.height, iso(bars["ts"][0]), iso(bars["ts"][-1])) == (
        facts["rows"],
        facts["first"],
        facts["last"],
    )
    assert all(facts[name] for name in ("source", "version", "licence", "description", "derived"))


def test_the_declared_splits_are_those_that_are_written_beside_the_files() -> None:
    document = json.loads((SAMPLE_DATA / "metadata.json").read_text())

    assert document["splits"] == {symbol: list(splits) for symbol, splits in SPLITS.items()}


def test_nothing_else_lies_among_the_files() -> None:
    assert {str(path.relative_to(SAMPLE_DATA)) for path in SAMPLE_DATA.rglob("*.parquet")} == set(
        FILES
    )


def test_the_sample_stays_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE_DATA.rglob("*.parquet")) < 3_000_000


def test_synthetic_bars_come_out_the_same_again() -> None:
    for series in synthetic_series():
        assert series.bars.equals(served("SYNTH", series.timeframe)), series.timeframe
