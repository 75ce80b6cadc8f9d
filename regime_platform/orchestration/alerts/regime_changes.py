"""The regimes that were reported last, and which series have another one now."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import polars as pl

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute_db.board import read_board
from regime_platform.files import read_json, write_json
from regime_platform.orchestration.instance.storage import state_folder
from regime_platform.settings import Settings

_COLUMNS = ("symbol", "timeframe", "regime_label", "escalation_bucket")

#: "SYMBOL timeframe" -> label and escalation bucket, "" where it has none.
Regimes = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class ReportedRegimes:
    """The file of the regimes that were reported last."""

    path: Path

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The file of a data root."""
        return cls(state_folder(settings) / "told_regimes.json")

    def read(self) -> Regimes | None:
        """The regimes; None before the first report."""
        stored = read_json(self.path)
        if stored is None:
            return None
        return {name: (label, bucket) for name, (label, bucket) in stored.items()}

    def write(self, regimes: Regimes) -> None:
        """Replaces the regimes."""
        write_json(self.path, dict(regimes))


def current_regimes(root: DataRoot) -> Regimes:
    """The regimes of the board; a series without one is left out.

    Raises:
        ResultsError: the board is damaged.
    """
    columns = [pl.col(name).cast(pl.String) for name in _COLUMNS]
    rows = read_board(root).filter(pl.col("regime_label").is_not_null()).select(columns)
    return {
        f"{symbol} {timeframe}": (label, bucket or "")
        for symbol, timeframe, label, bucket in rows.iter_rows()
    }


def changed_regimes(before: Regimes | None, now: Regimes) -> list[str]:
    """One line for every series whose regime changed; none before the first report."""
    if before is None:
        return []
    return [
        f"{name}: {_text(before[name])} -> {_text(regime)}"
        for name, regime in now.items()
        if name in before and before[name] != regime
    ]


def _text(regime: tuple[str, str]) -> str:
    label, bucket = regime
    return f"{label} ({bucket})" if bucket else label
