"""The symbols that one process alone fetches, so that no page is requested by two.

A claim is a lock of its own beside that of the writer, since answers take long; the kernel frees it
when its process ends.
"""

import logging
from contextlib import ExitStack

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import holder_of, locked
from regime_platform.errors import BarsError

_LOG = logging.getLogger("regime_platform.fetch")
#: Seconds to wait for another process at the end of a run; the history of a symbol takes minutes.
PATIENCE = 1800.0


class Claims:
    """The claims of one fetch, by symbol."""

    def __init__(self) -> None:
        self._taken: dict[str, ExitStack] = {}

    def has(self, symbol: str) -> bool:
        """True where it was taken and not released."""
        return symbol in self._taken

    def take(self, paths: SymbolPaths, patience: float) -> bool:
        """Takes the claim of a symbol, waiting for another process; without patience, False.

        Raises:
            BarsError: another process still has it after ``patience`` seconds.
        """

        def busy(reason: str) -> BarsError:
            return BarsError(f"{paths.symbol} is being fetched by {reason}", code="being-fetched")

        stack = ExitStack()
        try:
            stack.enter_context(locked(paths.fetch_lock, 0.0, busy))
        except BarsError:
            if not patience:
                return False
            holder = holder_of(paths.fetch_lock)
            _LOG.warning("%s is being fetched by %s: waiting for it", paths.symbol, holder)
            stack.enter_context(locked(paths.fetch_lock, patience, busy))
        self._taken[paths.symbol] = stack
        return True

    def release(self, symbol: str) -> None:
        """Gives a claim back, if it was taken."""
        if symbol in self._taken:
            self._taken.pop(symbol).close()
