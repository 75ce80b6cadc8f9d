"""The Python API over what is stored; imported on first use, so that the package imports fast."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regime_platform.query.explain import explain
    from regime_platform.query.series import bars, history
    from regime_platform.query.states import state

__all__ = ["bars", "explain", "history", "state"]

_MODULES = {"bars": "series", "history": "series", "explain": "explain", "state": "states"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.query.{_MODULES[name]}"), name)
