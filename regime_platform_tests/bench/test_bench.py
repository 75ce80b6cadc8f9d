"""The bench works and compares like with like; how fast anything is, only `make bench` says."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from regime_platform.compute.params import FIRST_BARS
from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.bench import appending
from regime_platform_tests.bench.fresh_state import state_of
from regime_platform_tests.bench.per_bar_reference import pandas_frame, state_at
from regime_platform_tests.bench.ratio import (
    DisagreementError,
    integral,
    require_agreement,
    sampled_bars,
)
from regime_platform_tests.bench.stages import Stopwatch
from regime_platform_tests.builders import make_bars

PROMISED = (
    *("us_per_bar_5k", "us_per_bar_50k", "us_per_bar_200k", "us_per_bar_200k_over_5k"),
    *("us_per_bar_200k_metrics", "us_per_bar_200k_key_levels", "us_per_bar_200k_classify"),
    *("us_per_bar_200k_components", "us_per_bar_200k_percentiles", "us_per_bar_200k_labels"),
    *("us_per_bar_200k_frames", "append_engine_ms_5k", "append_engine_ms_50k"),
    *("append_engine_ms_200k", "append_db_ms_5k", "append_db_ms_50k", "append_db_ms_200k"),
    *("append_daily_ms", "append_daily_cpu_ms"),
    *("append_db_mb_written_5k", "append_db_mb_written_200k"),
    *("percentile_sort_ns_per_bar_200k", "percentile_expanding_ns_per_bar_200k"),
    *("percentile_rolling_252_ns_per_bar_200k", "percentile_rolling_2520_ns_per_bar_200k"),
    *("end_to_end_200k_cpu_s", "end_to_end_200k_wall_s", "peak_mb_5k", "peak_mb_200k"),
    *("ratio_state_warm", "ratio_state_fresh", "reference_ms_per_bar", "fresh_process_cpu_s"),
    *("universe_100_1_process_s", "universe_1_process_ms_per_symbol"),
    *("universe_100_2_processes_s", "universe_2_processes_ms_per_symbol"),
    *("universe_1_process_cpu_ms_per_symbol", "universe_2_processes_cpu_ms_per_symbol"),
    *("universe_1565_1_process_min", "universe_1565_2_processes_min"),
)
CIRCUMSTANCES = ("command", "date", "cpu", "cores", "python", "version_polars", "compute_digest")


@pytest.mark.long
def test_the_quick_bench_writes_every_figure(tmp_path: Path) -> None:
    target = tmp_path / "bench.json"

    subprocess.run(
        [sys.executable, "-m", f"{__package__}.run", "--quick", "--output", target],
        cwd=PROJECT_ROOT,
        check=True,
        capture_output=True,
    )

    written: dict[str, Any] = json.loads(target.read_text())
    assert {name for name in PROMISED if not written.get(name, 0) > 0} == set()
    assert {name for name in CIRCUMSTANCES if not written.get(name)} == set()
    assert written["is_quick"]
    assert not any(isinstance(value, dict) for value in written.values())


def test_an_answer_unlike_the_engine_s_stops_the_bench() -> None:
    bars, last = make_bars(300), 299
    row = state_of(bars).row(last - FIRST_BARS.state, named=True)
    answer = state_at(pandas_frame(bars), last)

    require_agreement(answer, row, last)
    with pytest.raises(DisagreementError, match=r"bar 299: .* lq;"):
        require_agreement({**answer, "lq": answer["lq"] + 2e-9}, row, last)
    with pytest.raises(DisagreementError, match="support_3_price"):
        require_agreement({**answer, "support_3_price": math.nan}, row, last)


def test_the_integral_of_a_linear_cost_is_its_sum_over_all_bars() -> None:
    bars = sampled_bars(1_500, 50)

    assert bars[0] == 20
    assert {248, 249, 1_499} <= set(bars)
    assert integral(bars, [2.0 * bar for bar in bars]) == sum(2 * i for i in range(20, 1_500))


def test_a_stage_within_a_stage_is_counted_once() -> None:
    ticks = iter((0.0, 10.0, 13.0, 20.0))  # outer starts, inner starts, inner ends, outer ends
    watch = Stopwatch(lambda: next(ticks))
    inner = watch.around("inner", lambda: None)

    watch.around("outer", inner)()

    assert watch.spent == {"inner": 3.0, "outer": 17.0}


def test_the_bench_of_appending_measures_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    appending.main(["--quick"])

    output = capsys.readouterr().out
    for name in ("append_wall_ms", "fold_wall_ms", "gate_wall_ms", "canonical_kb"):
        assert f"daily_{name}" in output
        assert f"intraday_{name}" in output
