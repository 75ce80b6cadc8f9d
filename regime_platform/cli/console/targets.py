"""Functions by name, whose modules are imported on demand."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def function_of(target: str) -> Callable[..., Any]:
    """The function of ``module:function`` below ``cli``, with its module imported."""
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(import_module(f"regime_platform.cli.{module}"), name)
    return function
