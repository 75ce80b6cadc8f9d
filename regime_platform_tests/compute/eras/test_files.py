"""Era sets and adoptions as text: what is written is read back, and damage is reported."""

import datetime as dt

import pytest

from regime_platform.compute.eras.eras import OPEN_END, OPEN_START, EraSet, tiling_eras
from regime_platform.compute.eras.files import (
    Adoption,
    EraSetFile,
    adoption_links,
    era_set_digest,
    read_adoption_links,
    read_adoptions,
    read_era_set,
    require_new_version,
    write_adoptions,
    write_era_set,
)
from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.digests import document_digest
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
        ("until: 2015-03-02", "until: soon", r"eras\.0\.until: Input should be a valid date"),
        ("until: 2015-03-02", "unto: 2015-03-02", "until: Field required"),
        ("CRYPTO:", "FX_USD_PROXY:", "FX_USD_PROXY"),
        ("version: '2026-11-20'", "version: 2026-11-20", "version: Input should be a valid string"),
        ("classes:", "klasses:", "classes: Field required"),
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


ADOPTIONS = tuple(
    Adoption(
        version=version,
        digest="ab",
        since=dt.datetime(2026, 11, day, tzinfo=dt.UTC),
        by="me",
        reason="why: because",
    )
    for day, version in ((20, "2026-11-20"), (21, "fixed-1"))
)


def test_adoptions_are_read_back_in_order() -> None:
    text = write_adoptions(ADOPTIONS)

    assert read_adoptions(text, "file") == ADOPTIONS
    assert text.startswith("in_force: fixed-1\n")


def test_the_links_of_the_log_are_read_back_and_follow_one_another() -> None:
    lines = [link.model_dump(mode="json") for link in adoption_links(ADOPTIONS, 0)]

    assert read_adoption_links(lines, "file") == ADOPTIONS
    assert [line["replaces"] for line in lines] == [None, lines[0]["seal"]]
    assert adoption_links(ADOPTIONS, 1) == adoption_links(ADOPTIONS, 0)[1:]
    with raises(ConfigError, "adoptions-damaged", match="file"):
        read_adoption_links(lines[1:], "file")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a list\n",
        "in_force: v1\n",
        "in_force: v1\nadoptions: []\n",
        write_adoptions(ADOPTIONS).replace("in_force: fixed-1", "in_force: v9"),
        write_adoptions(ADOPTIONS).replace("by: me", "by: ''"),
        write_adoptions(ADOPTIONS).replace("2026-11-20T00:00:00Z", "yesterday"),
    ],
)
def test_damaged_adoptions_are_refused(text: str) -> None:
    with raises(ConfigError, "adoptions-damaged", match=r"adopted\.yaml.*regime eras adopt"):
        read_adoptions(text, "adopted.yaml")


def test_the_digest_of_an_era_set_covers_version_date_and_eras() -> None:
    facts = {
        "version": "v7",
        "effective_from": "2026-01-01",
        "tiles": True,
        "classes": {"CRYPTO": [[0, OPEN_START, OPEN_END]]},
    }

    eras = EraSet("v7", dt.date(2026, 1, 1), {"CRYPTO": tiling_eras(())})

    assert era_set_digest(eras) == document_digest(facts)
