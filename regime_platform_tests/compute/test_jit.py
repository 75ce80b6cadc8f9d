"""Kernels are kept on disk, shared by checkouts, and never stale."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from regime_platform.settings import PROJECT_ROOT

_PROBE = """
import sys
sys.path.insert(0, {checkout!r})
import numpy as np
from regime_platform.compute import jit, late_ranks
assert late_ranks.__file__.startswith({checkout!r}), late_ranks.__file__
began = jit.kernels_are_compiled()
jit.compile_kernels()
rank = late_ranks.late_rolling(np.array([1.0, 2.0, 4.0]), np.array([3.0]), 4)[-1]
hits = sum(late_ranks.late_rolling.stats.cache_hits.values())
print(began, hits, rank)
"""


def _checkout(folder: Path) -> Path:
    shutil.copytree(
        PROJECT_ROOT / "regime_platform",
        folder / "regime_platform",
        ignore=shutil.ignore_patterns("__pycache__", "sample_data"),
    )
    return folder


def _probe(checkout: Path, cache: Path) -> tuple[str, int, float]:
    said = subprocess.run(
        [sys.executable, "-c", _PROBE.format(checkout=str(checkout))],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return said[0], int(said[1]), float(said[2])


def test_another_checkout_of_the_same_sources_finds_the_kernels(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first, second = _checkout(tmp_path / "one"), _checkout(tmp_path / "two")

    compiled, found = _probe(first, cache), _probe(second, cache)

    assert compiled[:2] == ("False", 0)
    assert found[:2] == ("True", 1)
    assert compiled[2] == found[2]


def test_an_edit_anywhere_in_the_compute_is_never_answered_from_old_kernels(
    tmp_path: Path,
) -> None:
    cache = tmp_path / "cache"
    checkout = _checkout(tmp_path / "one")
    _probe(checkout, cache)
    callee = checkout / "regime_platform" / "compute" / "price_order.py"
    callee.write_text(callee.read_text() + "\n# an edit in a module that others call\n")

    compiled, hits, _ = _probe(checkout, cache)

    assert compiled == "False"
    assert hits == 0
