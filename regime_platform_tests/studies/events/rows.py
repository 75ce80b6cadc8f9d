"""Rows of the tables of a study, for tests."""

from typing import Any

from regime_platform.studies.result import StudyTable, SymbolStudy


def table_of(study: SymbolStudy, key: str) -> StudyTable:
    """The table of a study with a key."""
    return next(each for each in study.tables if each.key == key)


def row_of(table: StudyTable, **names: str) -> dict[str, Any]:
    """The only row with these values."""
    rows = table.rows.filter(**names)
    assert rows.height == 1
    return rows.row(0, named=True)
