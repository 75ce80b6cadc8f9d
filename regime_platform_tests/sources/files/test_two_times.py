"""A file with two columns of times that disagree is asked about."""

from pathlib import Path

import pytest

from regime_platform.sources.files.facts import AmbiguousReadingError
from regime_platform.sources.files.mapping import parsed_setting
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.tables import table


def text(timestamp: str, date: str) -> str:
    return f"Timestamp,Date,Open,High,Low,Close\n{timestamp},{date},2,3,1,2\n"


@pytest.mark.parametrize(
    ("timestamp", "date"),
    [
        ("1704153600", "2024-01-02"),  # midnight in UTC
        ("1704229200", "2024-01-02"),  # 16:00 in New York
        ("1704207600", "2024-01-03"),  # midnight in Tokyo
        ("1704205800", "2024-01-02 09:30:00"),
        ("1704205800000", "01/02/2024"),  # the order of day and month is open
        ("1704205800", "yesterday"),
    ],
)
def test_columns_of_one_time_in_any_zone_agree(tmp_path: Path, timestamp: str, date: str) -> None:
    assert table(tmp_path, text(timestamp, date)).times.to_list() == [timestamp]


@pytest.mark.parametrize(
    ("timestamp", "date"),
    [
        ("1704412800", "2024-01-04"),  # the midnight that ends it
        ("1704412800", "2024-01-02 09:30:00"),
        ("2024-01-31", "2024-01-02"),
    ],
)
def test_columns_that_disagree_are_asked_for(tmp_path: Path, timestamp: str, date: str) -> None:
    with raises(AmbiguousReadingError, "ambiguous-file-reading", match="different times") as caught:
        table(tmp_path, text(timestamp, date))

    for choice, expected in zip(caught.value.fact.choices, (timestamp, date), strict=True):
        key, value = parsed_setting(f"columns={choice}")
        assert table(tmp_path, text(timestamp, date), **{key: value}).times.to_list() == [expected]
