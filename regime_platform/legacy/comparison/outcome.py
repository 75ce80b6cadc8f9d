"""Result of comparing legacy results with ours, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regime_platform.pipeline.outcomes import Status


@dataclass(frozen=True)
class ColumnComparison:
    """Comparison of one column."""

    table: str
    timeframe: str
    name: str
    equal: int
    different: Mapping[str, int] = field(default_factory=dict)  # reason -> rows

    def document(self) -> dict[str, Any]:
        """Values for JSON output."""
        return {
            "table": self.table,
            "timeframe": self.timeframe,
            "column": self.name,
            "equal": self.equal,
            "different": dict(self.different),
        }


@dataclass(frozen=True)
class CompareOutcome:
    """Comparison of the results of one symbol."""

    symbol: str
    status: Status
    columns: tuple[ColumnComparison, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)  # of one side only: reason -> rows
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """Values for JSON output."""
        return {
            "symbol": self.symbol,
            "status": self.status.value,
            "reason": self.reason,
            "rows_of_one_side": dict(self.rows),
            "columns": [column.document() for column in self.columns],
        }
