"""Compiles the numba kernels of this package.

A kernel is compiled for one signature, and never during an import, so that the command line can
print a message before `compile_kernels` takes half a minute, once per machine.

Compiled kernels are stored on disk. The store does I/O, so it is outside this pure package and is
imported by name when the first kernel is compiled.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Protocol, TypeVar, cast

import numba
import numpy as np
from numba.core.dispatcher import Dispatcher

F = TypeVar("F", bound=Callable[..., Any])

# its stubs are incomplete
_njit: Any = numba.njit
_registered: list[tuple[Dispatcher, str]] = []


class KernelStore(Protocol):
    """A store of compiled kernels."""

    def is_complete(self) -> bool:
        """True if it has every kernel of these sources."""

    def mark_complete(self) -> None:
        """Records that every kernel was compiled."""

    def keep(self, kernel: Any) -> None:
        """Makes numba load ``kernel`` from the store, or store it once it is compiled."""


@cache
def _store() -> KernelStore:
    store: KernelStore = import_module("regime_platform.kernel_cache").kernel_cache()
    return store


def kernel(signature: str, **options: Any) -> Callable[[F], F]:
    """Declares a kernel: strict IEEE arithmetic, stored on disk, compiled for ``signature`` only.

    Arrays in a signature are contiguous and writable: a read-only view raises an error instead of
    compiling the kernel a second time; see `kernel_array`.

    Args:
        signature: numba's notation, such as ``float64[::1](float64[::1], int64)``.
        options: further options of ``numba.njit``. ``inline="always"``: compiled into its callers.
            ``_nrt=False``: allocates nothing, so numba counts no references to its arrays, which
            would cost more than the work of a kernel that is called for every bar.
    """

    def declare(function: F) -> F:
        dispatcher: Dispatcher = _njit(
            fastmath=False, error_model="numpy", no_cfunc_wrapper=True, **options
        )(function)
        if options.get("inline") != "always":  # inlined kernels are part of their callers
            _registered.append((dispatcher, signature))
        return cast(F, dispatcher)

    return declare


def kernels_are_compiled() -> bool:
    """True if all kernels are on disk, so that `compile_kernels` only loads them."""
    return _store().is_complete()


def compile_kernels() -> None:
    """Compiles every kernel declared so far; returns at once where that was done before.

    Kernels on disk are loaded at their first call: half of them are called by other kernels only,
    which contain their machine code, and loading takes as long as running on thousands of bars.
    """
    if not _registered:
        return
    store = _store()
    for dispatcher, _signature in _registered:
        store.keep(dispatcher)
    on_disk = store.is_complete()
    for dispatcher, signature in _registered:
        if on_disk:
            _load_when_called(dispatcher, signature)
        else:
            _compile(dispatcher, signature)
    _registered.clear()
    if not on_disk:
        store.mark_complete()


def _compile(dispatcher: Dispatcher, signature: str) -> None:
    dispatcher.compile(signature)
    dispatcher.disable_compile()


def _load_when_called(dispatcher: Any, signature: str) -> None:
    """Replaces the method that numba calls when a kernel has no machine code yet."""

    def load(*_arguments: Any) -> Any:
        del dispatcher._compile_for_args
        _compile(dispatcher, signature)
        return dispatcher

    dispatcher._compile_for_args = load


def kernel_array(values: Any, dtype: type = np.float64) -> np.ndarray[Any, np.dtype[Any]]:
    """``values`` as the contiguous, writable array that kernels take; copied only where needed."""
    return np.require(values, dtype, ("C", "W"))
