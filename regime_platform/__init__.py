"""The Python API over what is stored: `import regime_platform as rp`.

``rp.open(root)`` gives a store; ``rp.state`` and the others ask the store that the environment
names. Imported on first use, so that the package itself imports fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from regime_platform import errors

if TYPE_CHECKING:
    from regime_platform.api.store import Store
    from regime_platform.api.store import open_store as open  # noqa: A004 - as gzip.open

    _default = open()
    symbols = _default.symbols
    bars = _default.bars
    history = _default.history
    runs = _default.runs
    time_in_regime = _default.time_in_regime
    state = _default.state
    explain = _default.explain
    evaluate = _default.evaluate
    board = _default.board
    board_page = _default.board_page
    compare = _default.compare
    findings = _default.findings
    chart = _default.chart
    study = _default.study
    sql = _default.sql

__all__ = [
    "Store",
    "bars",
    "board",
    "board_page",
    "chart",
    "compare",
    "errors",
    "evaluate",
    "explain",
    "findings",
    "history",
    "open",
    "runs",
    "sql",
    "state",
    "study",
    "symbols",
    "time_in_regime",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.api.store")
    # the environment is read at each use: a notebook may set REGIME_DATA_ROOT after the import
    return {"Store": module.Store, "open": module.open_store}.get(name) or getattr(
        module.open_store(), name
    )


def __dir__() -> list[str]:
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
