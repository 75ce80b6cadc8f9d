"""A few choices are all shown, of many the first and how many there are."""

from regime_platform.sources.files.facts import either


def test_many_choices_are_counted() -> None:
    assert either("ab") == "a or b"
    assert either("abcdefghi").endswith("h or i")
    assert either("abcdefghijkl").endswith("g or h or one of 4 more")
