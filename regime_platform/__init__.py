"""Market data straight into Parquet, gated, and one canonical regime compute per symbol.

From here: ``bars``, ``history`` and ``state`` answer questions about what has been computed. They
are looked up on first use, so that importing the package stays light.
"""
# ruff: noqa: PLC0415
# Imports wait until a name is used, so that importing the package stays light.

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regime_platform.query.series import bars, history
    from regime_platform.query.states import state

__all__ = ["bars", "history", "state"]


def __getattr__(name: str) -> Any:
    if name in ("bars", "history"):
        from regime_platform.query import series

        return getattr(series, name)
    if name == "state":
        from regime_platform.query import states

        return states.state
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
