"""What regime every series was told to be in, and what that has become."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute_db.board import read_board
from regime_platform.files import read_json, write_json

#: "SYMBOL timeframe" -> label and escalation bucket.
Told = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Regimes:
    """The regimes that were told last, in a file."""

    path: Path

    def read(self) -> Told | None:
        """What was told; None before the first time."""
        held = read_json(self.path)
        return None if held is None else {name: (one[0], one[1]) for name, one in held.items()}

    def write(self, regimes: Told) -> None:
        """Keeps what is told now."""
        write_json(self.path, dict(regimes))


def current_regimes(root: DataRoot) -> Told:
    """The board's regimes; a series without one is left out.

    Raises:
        ResultsError: the board is damaged.
    """
    words = [pl.col(name).cast(pl.String) for name in _COLUMNS]
    rows = read_board(root).filter(pl.col("regime_label").is_not_null()).select(words)
    return {
        f"{symbol} {timeframe}": (label, bucket or "")
        for symbol, timeframe, label, bucket in rows.iter_rows()
    }


def changed_regimes(before: Told | None, now: Told) -> list[str]:
    """One line for every series that was told otherwise; none the first time."""
    if before is None:
        return []
    return [
        f"{name}: {_words(before[name])} -> {_words(told)}"
        for name, told in now.items()
        if name in before and before[name] != told
    ]


def _words(told: tuple[str, str]) -> str:
    label, bucket = told
    return f"{label} ({bucket})" if bucket else label


_COLUMNS = ("symbol", "timeframe", "regime_label", "escalation_bucket")
