"""The codes of reasons and tags."""

from regime_platform.compute.classifier.tags import REASONS, TAGS, TOP_PRIORITY


def test_every_priority_reason_is_a_reason_and_codes_are_unique() -> None:
    assert set(TOP_PRIORITY) <= set(REASONS)
    assert len(set(REASONS)) == len(REASONS) == 32
    assert len(set(TAGS)) == len(TAGS)
