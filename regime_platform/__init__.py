"""Market data straight into Parquet, gated, and one canonical regime compute per symbol.

From here: ``bars``, ``history``, ``state`` and ``explain`` answer questions about what has been
computed. They are looked up on first use, so that importing the package stays light.
"""
# ruff: noqa: PLC0415
# Imports wait until a name is used, so that importing the package stays light.

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regime_platform.query.explain import explain
    from regime_platform.query.series import bars, history
    from regime_platform.query.states import state

__all__ = ["bars", "explain", "history", "state"]


class _Bars:
    """The question ``bars(symbol, timeframe)``; beside it the room of that name shines through."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        from regime_platform.query.series import bars as answer

        return answer(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("regime_platform.bar_store"), name)


class _Package(ModuleType):
    """Keeps ``bars`` a question: importing the room of that name would take its place."""

    @property
    def bars(self) -> _Bars:
        return _BARS

    @bars.setter
    def bars(self, room: ModuleType) -> None:
        """Called by the import system; the room stays reachable by its full name."""


_BARS = _Bars()
sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name == "history":
        from regime_platform.query.series import history as found
    elif name == "explain":
        from regime_platform.query.explain import explain as found  # type: ignore[assignment]
    elif name == "state":
        from regime_platform.query.states import state as found  # type: ignore[assignment]
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found
