"""Compiled kernels are stored on disk, shared by checkouts, never stale and never damaged."""

import datetime as dt
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from regime_platform.compute.engine import warm_up
from regime_platform.kernel_cache import KernelCache, kernel_cache
from regime_platform.settings import PROJECT_ROOT

#: Threads that compute first at the same moment, as in a notebook of a user.
_THREADS = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
import numpy as np
from regime_platform.compute import percentiles
begin = Barrier(4)
def rank(_):
    begin.wait()
    return percentiles.late_rolling(np.array([1.0, 2.0, 4.0]), np.array([3.0]), 4)[-1]
print(*ThreadPoolExecutor(4).map(rank, range(4)))
"""
_PROBE = """
import sys
sys.path.insert(0, {checkout!r})
import numpy as np
from regime_platform.compute import kernels
from regime_platform.compute import percentiles
assert percentiles.__file__.startswith({checkout!r}), percentiles.__file__
began = kernels.kernels_are_compiled()
kernels.compile_kernels()
rank = percentiles.late_rolling(np.array([1.0, 2.0, 4.0]), np.array([3.0]), 4)[-1]
hits = sum(percentiles.late_rolling.stats.cache_hits.values())
print(began, hits, rank)
"""


def _checkout(folder: Path) -> Path:
    shutil.copytree(
        PROJECT_ROOT / "regime_platform",
        folder / "regime_platform",
        ignore=shutil.ignore_patterns("__pycache__", "data"),
    )
    return folder


def _probe(checkout: Path, cache: Path) -> tuple[str, int, float]:
    words = subprocess.run(
        [sys.executable, "-c", _PROBE.format(checkout=str(checkout))],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return words[0], int(words[1]), float(words[2])


@pytest.mark.slow
def test_checkouts_share_kernels_until_an_edit_anywhere_in_the_compute(
    stored_kernel: Path, tmp_path: Path
) -> None:
    cache = stored_kernel.parent.parent  # of this checkout
    other = _checkout(tmp_path / "other")

    cached = _probe(other, cache)
    callee = other / "regime_platform" / "compute" / "primitives.py"
    callee.write_text(callee.read_text() + "\n# an edit in a module that others call\n")
    edited = _probe(other, cache)

    assert cached[:2] == ("True", 1)
    assert edited[:2] == ("False", 0)
    assert cached[2] == edited[2]


def test_only_kernels_of_other_versions_are_removed_and_only_after_a_while(tmp_path: Path) -> None:
    own, old, new, other = (tmp_path / (digit * 16) for digit in "0123")
    for folder in (own, old, new):
        folder.mkdir()
        (folder / "one.kernel").write_bytes(b"")
    other.mkdir()
    (other / "notes.txt").write_bytes(b"")
    day = 86_400
    for folder, age in ((own, 99), (old, 31), (other, 99)):
        for path in (*folder.iterdir(), folder):
            os.utime(path, (day * (100 - age),) * 2)

    removed = KernelCache(own).remove_outdated(dt.datetime.fromtimestamp(70 * day, dt.UTC))

    assert removed == [old]
    assert [folder.is_dir() for folder in (own, old, new, other)] == [True, False, True, True]


@pytest.mark.slow
def test_threads_that_compute_first_at_once_share_the_kernels() -> None:
    warm_up()

    ranks = subprocess.run(
        [sys.executable, "-c", _THREADS], capture_output=True, text=True, check=True
    ).stdout

    assert ranks.split() == ["0.75"] * 4


def _flip_a_byte(kernel: Path) -> None:
    data = bytearray(kernel.read_bytes())
    data[len(data) // 2] ^= 1
    kernel.write_bytes(data)


def _cut_in_half(kernel: Path) -> None:
    kernel.write_bytes(kernel.read_bytes()[: kernel.stat().st_size // 2])


def _exchange(kernel: Path) -> None:
    other = next(path for path in kernel.parent.glob("*.kernel") if path != kernel)
    shutil.copyfile(other, kernel)


def _start(cache: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _PROBE.format(checkout=str(PROJECT_ROOT))],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def stored_kernel(tmp_path: Path) -> Path:
    """The file of one kernel, in a copy of the complete cache of this machine."""
    warm_up()
    folder = kernel_cache().folder
    copy = shutil.copytree(folder, tmp_path / folder.name)
    return next(copy.glob("*percentiles.late_rolling.*"))


@pytest.mark.slow
def test_a_kernel_damaged_in_any_way_is_reported_and_compiled_again(stored_kernel: Path) -> None:
    for damage in (_flip_a_byte, _cut_in_half, _exchange):
        damage(stored_kernel)

        printed, messages = _start(stored_kernel.parent.parent).communicate()

        assert printed.split() == ["True", "0", "0.75"]
        assert messages == f"{stored_kernel} is damaged: the kernel is compiled again\n"
    again, messages = _start(stored_kernel.parent.parent).communicate()
    assert again.split() == ["True", "1", "0.75"]
    assert not messages


@pytest.mark.slow
def test_a_kernel_that_others_can_write_is_not_loaded(stored_kernel: Path) -> None:
    stored_kernel.chmod(0o666)

    printed, messages = _start(stored_kernel.parent.parent).communicate()

    assert printed.split() == ["True", "0", "0.75"]
    assert "can be changed by other users: the kernel is compiled again" in messages


def test_a_folder_that_others_filled_is_a_problem(tmp_path: Path) -> None:
    cache = KernelCache(tmp_path / "kernels")
    cache.mark_complete()
    assert not cache.problem

    (cache.folder / "complete").chmod(0o666)

    assert "other users can change" in cache.problem


@pytest.mark.slow
def test_processes_that_find_the_same_damage_at_once_all_compute_the_same(
    stored_kernel: Path,
) -> None:
    _flip_a_byte(stored_kernel)

    processes = [_start(stored_kernel.parent.parent) for _ in range(3)]
    printed = [process.communicate()[0].split() for process in processes]

    assert {rank for _complete, _hits, rank in printed} == {"0.75"}
    assert _start(stored_kernel.parent.parent).communicate()[0].split()[1] == "1"
