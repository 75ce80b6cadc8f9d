"""Adoptions as text and as links: what is written is read back, and damage is reported."""

import datetime as dt

import pytest

from regime_platform.compute.eras.adoptions import (
    Adoption,
    adoption_links,
    read_adoption_links,
    read_adoptions,
    write_adoptions,
)
from regime_platform.errors import ConfigError
from regime_platform_tests.error_codes import raises

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
