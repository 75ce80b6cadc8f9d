"""Columns that several tables of events have, and tables from rows in their order."""

from collections.abc import Iterable, Sequence

from regime_platform.studies.result import Column, StudyTable, Unit
from regime_platform.studies.tables import table_of

EVENT = Column("event", "event", Unit.TEXT)
SIGNAL = Column("signal", "signal", Unit.TEXT)
WINDOWS = Column("windows", "windows", Unit.COUNT)
P_ADJUSTED = Column("p_adjusted", "p", Unit.P_VALUE)


def columns(unit: Unit, **titles: str) -> tuple[Column, ...]:
    """Columns of the same unit by key, with their titles."""
    return tuple(Column(key, title, unit) for key, title in titles.items())


def table(  # noqa: PLR0913 - the parts of a table
    key: str,
    title: str,
    names: Sequence[Column],
    rows: Iterable[Sequence[object]],
    note: str = "",
    *,
    is_detail: bool = False,
) -> StudyTable:
    """A table of rows with a value for each column; NaN becomes null."""
    keys = [each.key for each in names]
    named = (dict(zip(keys, row, strict=True)) for row in rows)
    return table_of(key, title, names, named, note, is_detail=is_detail)
