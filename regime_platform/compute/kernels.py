"""Compiles the numba kernels of this package.

A kernel is compiled for the types of its annotations only, and never during an import, so that the
command line can print a message before `compile_kernels` takes half a minute, once per machine.

Compiled kernels are stored on disk. The store does I/O, so it is outside this pure package and is
imported by name when the first kernel is compiled.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import NoneType
from typing import Annotated, Any, Protocol, TypeVar, cast, get_args, get_origin, get_type_hints

import numba
import numpy as np
import numpy.typing as npt
from numba.core.dispatcher import Dispatcher

F = TypeVar("F", bound=Callable[..., Any])
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]
# with two dimensions
Table = Annotated[Floats, 2]
IndexTable = Annotated[Indices, 2]

# its stubs are incomplete
_numba: Any = numba
_SCALARS = {float: "float64", int: "int64", bool: "boolean", NoneType: "void"}
_registered: list[Dispatcher] = []


class KernelStore(Protocol):
    """A store of compiled kernels; see `regime_platform.kernel_cache`."""

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


def kernel(**options: Any) -> Callable[[F], F]:
    """Declares a kernel: strict IEEE arithmetic, stored on disk, compiled for its annotations only.

    Arrays are contiguous and writable: a read-only view raises an error instead of compiling the
    kernel a second time; see `kernel_array`. Numba accepts no objects that contain arrays, so every
    array is an argument of its own.

    Args:
        options: options of ``numba.njit``. ``inline="always"``: compiled into its callers.
            ``_nrt=False``: allocates nothing, so numba counts no references to its arrays, which
            would cost more than the work of a kernel that is called for every bar.
    """

    def declare(function: F) -> F:
        dispatcher: Dispatcher = _numba.njit(
            fastmath=False, error_model="numpy", no_cfunc_wrapper=True, **options
        )(function)
        if options.get("inline") != "always":  # inlined kernels are part of their callers
            _registered.append(dispatcher)
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
    for dispatcher in _registered:
        store.keep(dispatcher)
    on_disk = store.is_complete()
    for dispatcher in _registered:
        if on_disk:
            _load_when_called(dispatcher)
        else:
            _compile(dispatcher)
    _registered.clear()
    if not on_disk:
        store.mark_complete()


def _compile(dispatcher: Any) -> None:
    hints = get_type_hints(dispatcher.py_func, include_extras=True)
    returned = _numba_type(hints.pop("return"))
    dispatcher.compile(returned(*map(_numba_type, hints.values())))
    dispatcher.disable_compile()


def _numba_type(hint: Any) -> Any:
    if hint in _SCALARS:
        return getattr(_numba.types, _SCALARS[hint])
    if get_origin(hint) is tuple:
        return _numba.types.BaseTuple.from_types(list(map(_numba_type, get_args(hint))))
    if hasattr(hint, "_fields"):  # a NamedTuple
        members = map(_numba_type, get_type_hints(hint).values())
        return _numba.types.BaseTuple.from_types(list(members), hint)
    array, dimensions = get_args(hint) if get_origin(hint) is Annotated else (hint, 1)
    (dtype,) = get_args(get_args(array)[1])
    return _numba.types.Array(_numba.from_dtype(np.dtype(dtype)), dimensions, "C")


def _load_when_called(dispatcher: Any) -> None:
    """Replaces the method that numba calls when a kernel has no machine code yet."""

    def load(*_arguments: Any) -> Any:
        del dispatcher._compile_for_args
        _compile(dispatcher)
        return dispatcher

    dispatcher._compile_for_args = load


def kernel_array(values: Any, dtype: type = np.float64) -> np.ndarray[Any, np.dtype[Any]]:
    """``values`` as the contiguous, writable array that kernels take; copied only where needed."""
    return np.require(values, dtype, ("C", "W"))
