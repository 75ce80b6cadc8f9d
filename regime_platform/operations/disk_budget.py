"""How much of the disk the platform takes, and when the disk will be full."""

import datetime as dt
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from regime_platform.compute_db.board import readable_board
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.pipeline.run_workspace import RunWorkspace

_YEAR = dt.timedelta(days=365)


@dataclass(frozen=True)
class DiskBudget:
    """Bytes now, bytes that a year of bars will add, and what is free."""

    symbols_bytes: int
    dagster_bytes: int
    sql_bytes: int  # can be made again: see ``regime_platform.sql_views``
    report_bytes: int  # pages, which can be made again too
    free_bytes: int
    bars: int
    bars_a_year: int

    @property
    def bytes_a_year(self) -> int:
        """Bars of a year times the bytes a bar takes now, with everything that is made from it."""
        size = self.symbols_bytes + self.sql_bytes
        return int(size / self.bars * self.bars_a_year) if self.bars else 0

    @property
    def used_bytes(self) -> int:
        """What the platform takes."""
        return self.symbols_bytes + self.dagster_bytes + self.sql_bytes + self.report_bytes

    @property
    def days_left(self) -> int | None:
        """Until the disk is full at that rate; None where nothing grows."""
        return int(self.free_bytes / self.bytes_a_year * 365) if self.bytes_a_year else None


def disk_budget(workspace: RunWorkspace, now: dt.datetime) -> DiskBudget:
    """Looks at every file of the data root; without a board its growth is not known."""
    root = workspace.root.path
    existing = next(path for path in (root, *root.parents) if path.exists())
    yearly = sum(
        expected_opens(instrument.market, timeframe, now, now + _YEAR).len()
        for instrument in workspace.universe.instruments
        if instrument.is_updating
        for timeframe in instrument.timeframes
    )
    return DiskBudget(
        symbols_bytes=_bytes(root / "assets"),
        dagster_bytes=_bytes(root / "dagster"),
        sql_bytes=_bytes(workspace.root.sql),
        report_bytes=_bytes(workspace.root.report),
        free_bytes=shutil.disk_usage(existing).free,
        bars=int(readable_board(workspace.root)["bars"].sum() or 0),
        bars_a_year=yearly,
    )


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a run may replace or sweep it meanwhile
            stat = path.stat()
            total += stat.st_size if S_ISREG(stat.st_mode) else 0
    return total
