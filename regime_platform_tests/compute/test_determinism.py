"""The same bars give the same digests in any process, on any number of threads, compiled again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from regime_platform.audit.verify.results import table_digests_of
from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.builders import make_bars

_ELSEWHERE = f"""
import json
from {__name__} import digests
print(json.dumps(digests()))
"""


def digests() -> dict[str, str]:
    """The content digest of every table of a symbol with two timeframes."""
    results = {
        timeframe: compute_series(
            make_bars(bars, timeframe), symbol="AAA", timeframe=timeframe, eras=FIXED_ERAS
        )
        for timeframe, bars in (("1h", 1300), ("1week", 450))
    }
    return table_digests_of(results)


@pytest.mark.slow
@pytest.mark.parametrize(
    "circumstances",
    [
        pytest.param({"POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1"}, id="one thread"),
        pytest.param({"POLARS_MAX_THREADS": "7", "PYTHONHASHSEED": "7"}, id="many threads"),
    ],
)
def test_another_process_gives_the_same_digests(circumstances: dict[str, str]) -> None:
    assert _elsewhere(circumstances) == digests()


@pytest.mark.long
def test_kernels_recompiled_without_optimisation_give_the_same_digests(tmp_path: Path) -> None:
    compiler = {"NUMBA_CACHE_DIR": str(tmp_path / "kernels"), "NUMBA_OPT": "0"}

    assert _elsewhere(compiler) == digests()
    assert any((tmp_path / "kernels").rglob("*.kernel"))


def _elsewhere(circumstances: dict[str, str]) -> dict[str, str]:
    output = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE],
        env={**os.environ, **circumstances},
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    digests: dict[str, str] = json.loads(output)
    return digests
