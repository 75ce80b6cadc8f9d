"""WORLD: where compiled kernels are kept on this machine, checked whenever they are read.

numba does not notice that a kernel it stored calls another module's kernel which was edited since,
and would go on giving the old numbers. So the folder is named by the digest of all sources of the
engine and of everything else that shapes machine code. Where a checkout lies is of no account: all
checkouts with the same sources share the folder.

Nor does numba notice a damaged file: it would load other numbers, or crash the process. So each
file begins with the digest of its own name and content, and one that does not match is compiled
anew. A file is published by one rename, so processes can compile and load at once.
"""

import logging
import os
import pickle
import platform
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import llvmlite.binding  # type: ignore[import-untyped]
import numba
import numpy as np
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.serialize import dumps
from platformdirs import user_cache_path

from regime_platform.files import write_bytes
from regime_platform.import_closure import engine_digest

_LOG = logging.getLogger("regime_platform.kernels")
_dumps: Any = dumps  # untyped, as all of numba
_SEAL_BYTES = sha256().digest_size


class KernelCache:
    """The folder of the kernels of these sources on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._marker = folder / "complete"

    @property
    def problem(self) -> str:
        """Why nothing can be kept in the folder, "" if it can; looks without writing."""
        if self._marker.exists():  # reading is all that is left to do
            return ""
        nearest = next(path for path in (self.folder, *self.folder.parents) if path.exists())
        if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
            return ""
        return f"kernels are compiled anew in every process: {nearest} cannot be written"

    def is_complete(self) -> bool:
        """True once every kernel was compiled into the folder."""
        return self._marker.exists()

    def mark_complete(self) -> None:
        """Called when every kernel was compiled."""
        if not self.problem:
            _write(self._marker, b"")

    def keep(self, kernel: Any) -> None:
        """Has numba look into the folder before it compiles ``kernel``, and store it afterwards."""
        if not self.problem:
            kernel._cache = _SealedCache(kernel.py_func, self.folder)


@cache
def kernel_cache() -> KernelCache:
    """The cache of this process."""
    # where the user tells numba to keep its files counts
    chosen = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    base = Path(chosen) if chosen else user_cache_path("regime_platform") / "kernels"
    parts = (
        engine_digest(),
        platform.python_version(),
        numba.__version__,
        np.__version__,
        llvmlite.binding.get_host_cpu_name(),
    )
    return KernelCache(base / sha256(":".join(parts).encode()).hexdigest()[:16])


class _SealedCache(FunctionCache):
    """numba's cache of one kernel over sealed files."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._name = repr(function)
        self._py_func = function
        self._impl = _Serialized(function)
        self._cache_path = str(folder)
        name = f"{function.__module__}.{function.__qualname__}"
        self._cache_file: Any = _SealedFiles(folder, name)
        self._enabled = True


class _Serialized(CompileResultCacheImpl):
    """numba's form of a compiled kernel; where it is kept is not its concern."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._lineno = function.__code__.co_firstlineno
        self._locator = _Nowhere(function.__code__.co_filename)


class _Nowhere:
    """What numba asks before it stores a kernel; the folder is made with the first file."""

    def __init__(self, source: str) -> None:
        self._py_file = source

    def ensure_cache_path(self) -> None:
        """Nothing to do."""


class _SealedFiles:
    """The files of one kernel, one for each key of numba's: signature, processor, bytecode."""

    def __init__(self, folder: Path, kernel: str) -> None:
        self._folder = folder
        self._kernel = kernel

    def load(self, key: Any) -> Any:
        """What was stored under ``key``; None where that is nothing, or damaged."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            _LOG.warning("%s cannot be read (%s): compiled anew", path, error.strerror)
            return None
        seal, content = data[:_SEAL_BYTES], data[_SEAL_BYTES:]
        if seal != _seal(path, content):
            _LOG.warning("%s is damaged: the kernel is compiled anew", path)
            return None
        return pickle.loads(content)  # noqa: S301 - sealed by the process that wrote it

    def save(self, key: Any, data: Any) -> None:
        """Stores ``data`` in place of what was there."""
        path, content = self._path(key), _dumps(data)
        _write(path, _seal(path, content) + content)

    def flush(self) -> None:
        """numba's wish to forget a kernel: its folder ends with its sources, never before."""

    def _path(self, key: Any) -> Path:
        return self._folder / f"{self._kernel}.{sha256(repr(key).encode()).hexdigest()[:16]}.kernel"


def _seal(path: Path, content: bytes) -> bytes:
    """Binds content to its place: the file of another kernel, or of other sources, is no match."""
    return sha256(f"{path.parent.name}/{path.name}\n".encode() + content).digest()


def _write(path: Path, data: bytes) -> None:
    try:
        write_bytes(path, data)
    except OSError as error:  # a result is worth more than the next process's half minute
        _LOG.warning("%s cannot be written (%s): compiled anew next time", path, error.strerror)
