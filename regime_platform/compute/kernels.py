"""How every number kernel of this package is compiled.

A kernel is compiled for one signature only and never while modules are imported: the command line
can say so before `compile_kernels` takes its half minute, once per machine.

Compiled kernels outlast the process in a store, which reads and writes files. So it is no part of
this package: it is looked up by name when the first kernel is compiled.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Protocol, TypeVar, cast

import numba
import numpy as np
from numba.core.dispatcher import Dispatcher

F = TypeVar("F", bound=Callable[..., Any])

# numba's own stubs do not know it in full
_njit: Any = numba.njit
_registered: list[tuple[Dispatcher, str]] = []


class KernelStore(Protocol):
    """Where compiled kernels are kept."""

    def is_complete(self) -> bool:
        """True if it holds every kernel of these sources."""

    def mark_complete(self) -> None:
        """Called when every kernel was compiled."""

    def keep(self, kernel: Any) -> None:
        """Makes numba load ``kernel`` from the store, or store it once it is compiled."""


@cache
def _store() -> KernelStore:
    store: KernelStore = import_module("regime_platform.kernel_cache").kernel_cache()
    return store


def kernel(signature: str, **options: Any) -> Callable[[F], F]:
    """Declares a kernel: strict IEEE arithmetic, kept on disk, compiled for ``signature`` alone.

    Arrays in a signature are contiguous and writable, so that a read-only view of a column fails
    loudly instead of compiling everything a second time; see `kernel_array`.

    Args:
        signature: numba's notation, such as ``float64[::1](float64[::1], int64)``.
        options: further options of ``numba.njit``. ``inline="always"``: part of its callers only.
            ``_nrt=False``: allocates nothing, so numba need not count references to its arrays;
            in what is called once or more a bar that count costs more than the work itself.
    """

    def declare(function: F) -> F:
        dispatcher: Dispatcher = _njit(
            fastmath=False, error_model="numpy", no_cfunc_wrapper=True, **options
        )(function)
        if options.get("inline") != "always":  # those are only ever part of their caller
            _registered.append((dispatcher, signature))
        return cast(F, dispatcher)

    return declare


def kernels_are_compiled() -> bool:
    """True if this machine holds all kernels on disk, so that `compile_kernels` only loads them."""
    return _store().is_complete()


def compile_kernels() -> None:
    """Compiles every kernel declared so far; at once when that was done before.

    Kernels on disk are loaded when they are first called: half of them are called by others only,
    which hold their machine code, and loading one takes as long as running it on thousands of bars.
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
    """Numba asks this method of a kernel for what to call instead, while it has no machine code."""

    def load(*_arguments: Any) -> Any:
        del dispatcher._compile_for_args
        _compile(dispatcher, signature)
        return dispatcher

    dispatcher._compile_for_args = load


def kernel_array(values: Any, dtype: type = np.float64) -> np.ndarray[Any, np.dtype[Any]]:
    """``values`` as the contiguous, writable array that kernels take; copied only where needed."""
    return np.require(values, dtype, ("C", "W"))
