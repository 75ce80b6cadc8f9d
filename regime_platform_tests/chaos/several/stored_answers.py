"""What a store answers, without what depends on when or in which order it was written."""

from collections.abc import Mapping

from regime_platform.compute_db.board import read_board
from regime_platform.query.series import bars
from regime_platform.settings import Settings
from regime_platform.workspace import Workspace

#: Sizes and times of files.
_OF_FILES = ("made_from",)


def stored_answers(settings: Settings) -> Mapping[str, str]:
    """Series -> its bars and its row on the board, digest of its results included."""
    workspace = Workspace.open(settings)
    rows = (
        read_board(workspace.root)
        .drop(*_OF_FILES)
        .rows_by_key(["symbol", "timeframe"], named=True, unique=True)
    )
    return {
        f"{symbol} {frame}": f"{_bars(settings, symbol, frame)} {row}"
        for (symbol, frame), row in sorted(rows.items())
        if symbol in workspace.universe.symbols
    }


def _bars(settings: Settings, symbol: str, timeframe: str) -> str:
    frame = bars(symbol, timeframe, where=settings).collect()
    return f"{frame.height} bars {frame.hash_rows().sum()}"


def differences(expected: Mapping[str, str], stored: Mapping[str, str]) -> list[str]:
    """Series whose answers are others than expected."""
    return [
        f"{name}: {stored.get(name)} instead of {expected.get(name)}"
        for name in sorted({*expected, *stored})
        if stored.get(name) != expected.get(name)
    ]
