"""What a comparison of old results with ours came to, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regime_platform.pipeline.outcomes import Status


@dataclass(frozen=True)
class Column:
    """How one column compares."""

    table: str
    timeframe: str
    name: str
    equal: int
    different: Mapping[str, int] = field(default_factory=dict)  # why -> rows

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "table": self.table,
            "timeframe": self.timeframe,
            "column": self.name,
            "equal": self.equal,
            "different": dict(self.different),
        }


@dataclass(frozen=True)
class CompareOutcome:
    """How the results of one symbol compare."""

    symbol: str
    status: Status
    columns: tuple[Column, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)  # of one side only: why -> rows
    reason: str = ""

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "symbol": self.symbol,
            "status": self.status.value,
            "reason": self.reason,
            "rows_of_one_side": dict(self.rows),
            "columns": [column.facts() for column in self.columns],
        }
