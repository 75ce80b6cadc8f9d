"""How every number kernel of this package is compiled and where the result is kept.

A kernel is compiled for one signature only and never while modules are imported: the command line
can say so before `compile_kernels` takes its half minute, once per machine.

numba does not notice that a kernel it stored calls another module's kernel which was edited since,
and would go on giving the old numbers. So its store is a folder named by the digest of all sources
of this package, and of everything else that shapes machine code. Where a checkout lies and when its
files were written is of no account: all checkouts with the same sources share the folder.
"""

import hashlib
import platform
from collections.abc import Callable
from importlib.resources import files
from typing import Any, TypeVar, cast

import llvmlite.binding  # type: ignore[import-untyped]
import numba
import numpy as np
from numba.core.caching import _CacheLocator
from numba.core.dispatcher import Dispatcher
from platformdirs import user_cache_path

F = TypeVar("F", bound=Callable[..., Any])

# numba's own stubs know neither of these in full
_config: Any = numba.config
_njit: Any = numba.njit


def sources_digest() -> str:
    """SHA-256 hex of all source files of this package, their names and order included."""
    digest = hashlib.sha256()
    sources = [one for one in files("regime_platform.compute").iterdir() if one.name[-3:] == ".py"]
    for source in sorted(sources, key=lambda one: one.name):
        digest.update(f"{source.name}:".encode())
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def _machine_digest() -> str:
    parts = (
        sources_digest(),
        platform.python_version(),
        numba.__version__,
        np.__version__,
        llvmlite.binding.get_host_cpu_name(),
    )
    return hashlib.sha256(":".join(parts).encode()).hexdigest()


def _why_not_writable() -> str:
    try:
        kernel_cache_folder.mkdir(parents=True, exist_ok=True)
        (kernel_cache_folder / "writable").write_bytes(b"")
    except OSError as error:
        return f"kernels are compiled anew in every process: {error}"
    return ""


_base = user_cache_path("regime_platform") / "kernels"
if _config.CACHE_DIR:  # what the user told numba counts
    _base = type(_base)(_config.CACHE_DIR)
kernel_cache_folder = _base / _machine_digest()[:16]
#: Why nothing can be kept in the folder, "" if it can.
kernel_cache_problem = _why_not_writable()
_marker = kernel_cache_folder / "complete"  # there once every kernel was compiled into the folder
_registered: list[tuple[Dispatcher, str]] = []


class KernelLocator(_CacheLocator):
    """Tells numba where a kernel is kept; the folder's name already says from which sources."""

    def get_cache_path(self) -> str:
        """The folder of all kernels."""
        return str(kernel_cache_folder)

    def get_source_stamp(self) -> str:
        """What must be equal for a stored kernel to be used."""
        return kernel_cache_folder.name

    def get_disambiguator(self) -> None:
        """Nothing: module, name and line tell kernels apart."""

    @classmethod
    def from_function(cls, _function: Callable[..., Any], _file: str) -> "KernelLocator":
        """One for every kernel alike."""
        return cls()


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
        cached = not kernel_cache_problem and options.get("inline") != "always"
        dispatcher = _decorate(function, cached, options)
        if options.get("inline") != "always":  # those are only ever part of their caller
            _registered.append((dispatcher, signature))
        return cast(F, dispatcher)

    return declare


def _decorate(function: Callable[..., Any], cached: bool, options: dict[str, Any]) -> Dispatcher:
    # numba reads its setting while it decorates; others in this process keep theirs
    before = _config.CACHE_LOCATOR_CLASSES
    _config.CACHE_LOCATOR_CLASSES = f"{__name__}.{KernelLocator.__name__}"
    try:
        declared: Dispatcher = _njit(
            cache=cached, fastmath=False, error_model="numpy", no_cfunc_wrapper=True, **options
        )(function)
    finally:
        _config.CACHE_LOCATOR_CLASSES = before
    return declared


def kernels_are_compiled() -> bool:
    """True if this machine holds all kernels on disk, so that `compile_kernels` only loads them."""
    return not kernel_cache_problem and _marker.exists()


def compile_kernels() -> None:
    """Compiles every kernel declared so far; at once when that was done before.

    Kernels on disk are loaded when they are first called: half of them are called by others only,
    which hold their machine code, and loading one takes as long as running it on thousands of bars.
    """
    on_disk = kernels_are_compiled()
    for dispatcher, signature in _registered:
        if on_disk:
            _load_when_called(dispatcher, signature)
        else:
            _compile(dispatcher, signature)
    _registered.clear()
    if not kernel_cache_problem and not on_disk:
        _marker.write_bytes(b"")


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
