"""I/O: the store of compiled kernels on this machine.

numba does not notice that a kernel of another module was edited, so the folder is named by the
digest of all engine sources and of everything else that affects machine code. Nor does it notice a
damaged file or one of another user, which `SealedCache` does.
"""

import datetime as dt
import logging
import os
import pickle
import platform
import shutil
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

from regime_platform.import_closure import engine_digest
from regime_platform.sealed_cache import SealedCache
from regime_platform.temporary_files import is_private_to_write

_LOG = logging.getLogger("regime_platform.kernels")
_dumps: Any = dumps  # untyped, as all of numba
_COMPLETE, _SUFFIX = "complete", ".kernel"


class KernelCache:
    """The folder with the kernels of these sources."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = SealedCache(folder, _report)
        self._marker = folder / _COMPLETE

    @property
    def problem(self) -> str:
        """Why kernels cannot be stored in the folder; empty if they can. Writes nothing."""
        if self._marker.exists():  # it is only read from now on
            if is_private_to_write(self._marker.stat()):
                return ""
            return f"kernels are compiled in every process: other users can change {self.folder}"
        nearest = next(path for path in (self.folder, *self.folder.parents) if path.exists())
        if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
            return ""
        return f"kernels are compiled again in every process: {nearest} cannot be written"

    def remove_outdated(self, before: dt.datetime) -> list[Path]:
        """Removes kernels of other versions that were written before a moment; their folders."""
        beside = sorted(self.folder.parent.glob("?" * len(self.folder.name)))
        removed = [
            folder
            for folder in beside
            if folder != self.folder and _is_of_kernels(folder) and _last_write(folder) < before
        ]
        for folder in removed:
            shutil.rmtree(folder)
        return removed

    def is_complete(self) -> bool:
        """True once every kernel was compiled into the folder."""
        return self._marker.exists()

    def mark_complete(self) -> None:
        """Records that every kernel was compiled."""
        if not self.problem:
            self._files.keep(_COMPLETE, b"")

    def keep(self, kernel: Any) -> None:
        """Makes numba load ``kernel`` from the folder, or store it there once it is compiled."""
        if not self.problem:
            kernel._cache = _KernelFiles(kernel.py_func, self._files)


@cache
def kernel_cache() -> KernelCache:
    """The cache of this process."""
    # numba's own setting of the folder is respected
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


class _KernelFiles(FunctionCache):
    """numba's cache of one kernel, in files of a `SealedCache`."""

    def __init__(self, function: Callable[..., Any], files: SealedCache) -> None:
        self._name = repr(function)
        self._py_func = function
        self._impl = _Serialized(function)
        self._cache_path = str(files.folder)
        name = f"{function.__module__}.{function.__qualname__}"
        self._cache_file: Any = _SealedFiles(files, name)
        self._enabled = True


class _Serialized(CompileResultCacheImpl):
    """numba's serialisation of a compiled kernel, and the locator that it requires."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._lineno = function.__code__.co_firstlineno
        self._py_file = function.__code__.co_filename
        self._locator = self

    def ensure_cache_path(self) -> None:
        """Does nothing: the folder is created with the first file."""


class _SealedFiles:
    """The files of one kernel, one per key of numba: signature, processor, bytecode."""

    def __init__(self, files: SealedCache, kernel: str) -> None:
        self._files = files
        self._kernel = kernel

    def load(self, key: Any) -> Any:
        """The kernel stored under ``key``; None where there is none to rely on."""
        stored = self._files.read(self._name(key))
        return None if stored is None else pickle.loads(stored)  # noqa: S301 - of this user, sealed

    def save(self, key: Any, data: Any) -> None:
        """Stores ``data`` under ``key``."""
        self._files.keep(self._name(key), _dumps(data))

    def flush(self) -> None:
        """Does nothing: the folder is valid as long as its sources."""

    def _name(self, key: Any) -> str:
        return f"{self._kernel}.{sha256(repr(key).encode()).hexdigest()[:16]}{_SUFFIX}"


def _report(problem: str) -> None:
    _LOG.warning("%s: the kernel is compiled again", problem)


def _is_of_kernels(folder: Path) -> bool:
    """True of a folder that has nothing but what is written here."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return bool(names) and all(name == _COMPLETE or name.endswith(_SUFFIX) for name in names)


def _last_write(folder: Path) -> dt.datetime:
    latest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    return dt.datetime.fromtimestamp(latest, dt.UTC)
