"""Compiles the numba kernels of this package.

A kernel is compiled for the types of its annotations only, and never during an import, so that the
command line can print a message before `compile_kernels` takes half a minute, once per machine.

numba is imported with the first kernel that is compiled, since reading results needs none of it.
Compiled kernels are stored on disk. The store does I/O, so it is outside this pure package and
is imported by name then too.
"""

from collections.abc import Callable
from functools import cache, cached_property
from importlib import import_module
from threading import RLock
from types import NoneType
from typing import Annotated, Any, Protocol, TypeVar, cast, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

F = TypeVar("F", bound=Callable[..., Any])
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]
# with two dimensions
Table = Annotated[Floats, 2]
IndexTable = Annotated[Indices, 2]

_SCALARS = {float: "float64", int: "int64", bool: "boolean", NoneType: "void"}
_declared: list["_Kernel"] = []
_one_thread = RLock()  # numba refuses a second thread that compiles the same kernel


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


@cache
def _numba() -> Any:
    return import_module("numba")


class _Kernel:
    """A declared kernel; other kernels, which numba compiles, refer to its dispatcher instead."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self.py_func = function
        self.is_inlined = options.get("inline") == "always"  # a part of its callers
        self._options = options

    def __call__(self, *arguments: Any) -> Any:
        compile_kernels()
        return self.dispatcher(*arguments)

    @cached_property
    def dispatcher(self) -> Any:
        """What numba makes of the function."""
        return _numba().njit(
            fastmath=False, error_model="numpy", no_cfunc_wrapper=True, **self._options
        )(self.py_func)


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
        declared = _Kernel(function, options)
        _declared.append(declared)
        return cast(F, declared)

    return declare


def kernels_are_compiled() -> bool:
    """True if all kernels are on disk, so that `compile_kernels` only loads them."""
    return _store().is_complete()


def compile_kernels() -> None:
    """Compiles every kernel declared so far; returns at once where that was done before.

    Kernels on disk are loaded at their first call: half of them are called by other kernels only,
    which contain their machine code, and loading takes as long as running on thousands of bars.
    """
    if _declared:
        with _one_thread:
            _compile_declared()


def _compile_declared() -> None:
    if not _declared:
        return  # another thread has compiled them meanwhile
    for each in _declared:
        _refer_to_dispatchers(each.py_func.__globals__)
    dispatchers = [each.dispatcher for each in _declared if not each.is_inlined]
    store = _store()
    for dispatcher in dispatchers:
        store.keep(dispatcher)
    on_disk = store.is_complete()
    for dispatcher in dispatchers:
        if on_disk:
            _load_when_called(dispatcher)
        else:
            _compile(dispatcher)
    _declared.clear()
    if not on_disk:
        store.mark_complete()


def _refer_to_dispatchers(names: dict[str, Any]) -> None:
    """Replaces the kernels among the names of a module by what numba can compile a call of."""
    names |= {name: each.dispatcher for name, each in names.items() if isinstance(each, _Kernel)}


def _compile(dispatcher: Any) -> None:
    hints = get_type_hints(dispatcher.py_func, include_extras=True)
    returned = _numba_type(hints.pop("return"))
    dispatcher.compile(returned(*map(_numba_type, hints.values())))
    dispatcher.disable_compile()


def _numba_type(hint: Any) -> Any:
    if hint in _SCALARS:
        return getattr(_numba().types, _SCALARS[hint])
    if get_origin(hint) is tuple:
        return _numba().types.BaseTuple.from_types(list(map(_numba_type, get_args(hint))))
    if hasattr(hint, "_fields"):  # a NamedTuple
        members = map(_numba_type, get_type_hints(hint).values())
        return _numba().types.BaseTuple.from_types(list(members), hint)
    array, dimensions = get_args(hint) if get_origin(hint) is Annotated else (hint, 1)
    (dtype,) = get_args(get_args(array)[1])
    return _numba().types.Array(_numba().from_dtype(np.dtype(dtype)), dimensions, "C")


def _load_when_called(dispatcher: Any) -> None:
    """Replaces the method that numba calls when a kernel has no machine code yet."""

    def load(*_arguments: Any) -> Any:
        with _one_thread:
            if "_compile_for_args" in vars(dispatcher):  # else another thread has loaded it
                _compile(dispatcher)
                del dispatcher._compile_for_args
        return dispatcher

    dispatcher._compile_for_args = load


def kernel_array(values: Any, dtype: type = np.float64) -> np.ndarray[Any, np.dtype[Any]]:
    """``values`` as the contiguous, writable array that kernels take; copied only where needed."""
    return np.require(values, dtype, ("C", "W"))
