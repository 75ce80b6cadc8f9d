"""Era sets as text: what is written is read back, and damage is reported."""

import datetime as dt

import pytest

from regime_platform.compute.eras.eras import OPEN_END, OPEN_START, EraSet, tiling_eras
from regime_platform.compute.eras.files import (
    EraSetFile,
    era_set_digest,
    read_era_set,
    require_new_version,
    write_era_set,
)
from regime_platform.errors import ConfigError, UsageError
from regime_platform_tests.error_codes import raises

BREAK = dt.date(2015, 3, 2)
HELD = EraSetFile(
    EraSet(
        "2026-11-20",  # YAML would read this as a date
        dt.date(2026, 11, 21),
        {"EQUITIES_US": tiling_eras((BREAK,)), "CRYPTO": tiling_eras(())},
    ),
    {"EQUITIES_US": {"benchmark": "SPY"}, "CRYPTO": {"kept_from": "fixed-1"}},
    {"FX_MAJORS": "EURUSD is not in the universe"},
    {"window": 126},
)


def test_an_era_set_is_read_back_as_it_was_written() -> None:
    text = write_era_set(HELD)

    assert read_era_set(text, "file") == HELD
    assert write_era_set(read_era_set(text, "file")) == text
    assert "from: null" in text
    assert f"until: {BREAK}" in text
    first, last = HELD.eras.by_class["EQUITIES_US"]
    assert (first.start_us, last.end_us) == (OPEN_START, OPEN_END)
    assert first.end_us == last.start_us


def test_the_digest_of_a_set_tells_its_eras() -> None:
    other = EraSet("2026-11-20", HELD.eras.effective_from, {"CRYPTO": tiling_eras((BREAK,))})

    assert era_set_digest(HELD.eras) != era_set_digest(other)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2015-03-02", "2015-03-03", "changed after it was written"),
        ("until: 2015-03-02", "until: 2015-03-01", "without gap or overlap"),
        ("until: 2015-03-02", "until: soon", "'soon' is not a date"),
        ("until: 2015-03-02", "unto: 2015-03-02", "'until' missing"),
        ("CRYPTO:", "FX_USD_PROXY:", "FX_USD_PROXY"),
        ("version: '2026-11-20'", "version: 2026-11-20", "not a text"),
        ("classes:", "klasses:", "'classes' missing"),
        ("version", "\t{", "not valid YAML"),
    ],
)
def test_a_damaged_era_set_is_refused_with_a_remedy(old: str, new: str, message: str) -> None:
    damaged = write_era_set(HELD).replace(old, new)

    with raises(ConfigError, "era-set-damaged", match=message) as refused:
        read_era_set(damaged, "eras/x.yaml")

    assert "eras/x.yaml" in str(refused.value)
    assert "restore it from a backup" in str(refused.value)


@pytest.mark.parametrize("version", ["", "../x", ".hidden", "a/b", "adopted", "fixed-1", "x" * 65])
def test_a_version_that_cannot_name_a_new_set_is_refused(version: str) -> None:
    with raises(UsageError, "era-set-version"):
        require_new_version(version)
