"""Rows of a legacy live.db, and the times that a store gives back."""

from regime_platform.legacy.store import LegacyStore
from regime_platform_tests.legacy.stores import LegacyRow


def row(symbol: str, timeframe: str, ts: str, close: float = 1.5) -> LegacyRow:
    return (symbol, timeframe, ts, 1.0, 2.0, 0.5, close, 7.0)


def times(store: LegacyStore) -> dict[tuple[str, str], list[str]]:
    return {(part.symbol, part.timeframe): part.read().raw_ts.to_list() for part in store.parts}
