"""Colours and readable names of labels and codes."""

import pytest

from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.report.palette import (
    BUCKET_COLOURS,
    DARK_COLOURS,
    LIGHT_COLOURS,
    REGIME_COLOURS,
    REGIME_SIGNS,
    readable,
)


def test_every_label_and_bucket_has_a_colour_of_its_own() -> None:
    assert set(REGIME_COLOURS) == set(REGIME_LABELS)
    assert set(BUCKET_COLOURS) == set(ESCALATION_BUCKETS)
    assert len(set(REGIME_COLOURS.values())) == len(REGIME_COLOURS)
    assert set(REGIME_SIGNS) == set(REGIME_LABELS)
    assert len(set(REGIME_SIGNS.values())) == len(REGIME_SIGNS)
    assert set(DARK_COLOURS) == set(LIGHT_COLOURS)
    assert len({DARK_COLOURS[label] for label in REGIME_LABELS}) == len(REGIME_LABELS)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("MB_BEARISH", "market bias bearish"),
        ("TREND_STRENGTH_HIGH", "trend strength high"),
        ("SHOCK", "shock"),
    ],
)
def test_codes_are_readable(code: str, words: str) -> None:
    assert readable(code) == words
