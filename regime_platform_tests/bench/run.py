"""`make bench`: the cost of compute and store on this machine.

Prints tables and writes build/bench.json: flat, one key per figure, beside them what ran, when and
where. Processor time unless a figure says wall clock, since that holds on a machine that others use
too. ``--quick`` runs all of it on a handful of bars, to see that the bench itself works.
"""

import argparse
import datetime as dt
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from regime_platform.code_version import code_version
from regime_platform.compute.engine import warm_up
from regime_platform.import_closure import engine_digest
from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.bench.append import append_figures
from regime_platform_tests.bench.figures import FULL, QUICK, Figure, Scale
from regime_platform_tests.bench.ratio import Sample, ratio_figures
from regime_platform_tests.bench.stages import percentile_figures, stage_figures
from regime_platform_tests.bench.storage import end_to_end_figures, memory_figures
from regime_platform_tests.bench.universe import universe_figures


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few bars: figures without meaning")
    parser.add_argument("--output", type=Path, help="default: build/bench.json or bench_quick.json")
    asked = parser.parse_args(arguments)
    name = "bench_quick.json" if asked.quick else "bench.json"
    target = asked.output or PROJECT_ROOT / "build" / name
    console = Console(width=None if sys.stdout.isatty() else 150)
    scale = QUICK if asked.quick else FULL

    facts = {"command": f"make bench{' (--quick)' * asked.quick}", **_circumstances(scale)}
    console.print(" | ".join(f"{key} {value}" for key, value in facts.items()), highlight=False)
    began, sources = time.perf_counter(), engine_digest()
    console.print("compiling kernels where needed")
    warm_up()
    sample, figures = measure(scale, console)
    facts |= {
        "seconds_in_all": round(time.perf_counter() - began, 1),
        "load_average_after": _load(),
        "reference_sample_bars": sample.bars,
        "reference_sample_ms": sample.milliseconds,
    }
    console.print(_integration(sample), _table(figures, asked.quick))
    console.print(f"{facts['seconds_in_all']} s, load average then {facts['load_average_after']}")
    engine_digest.cache_clear()  # else it is what was read at first
    if engine_digest() != sources:
        sys.exit("sources of the compute were edited meanwhile: these figures mix two versions")
    target.parent.mkdir(parents=True, exist_ok=True)
    values = {figure.name: figure.value for figure in figures}
    target.write_text(json.dumps({**values, **facts}, indent=2) + "\n")
    console.print(f"written: {target}")


def measure(scale: Scale, console: Console) -> tuple[Sample, list[Figure]]:
    """All figures, in the order of the table."""
    figures: list[Figure] = []
    for title, part in (
        ("engine by stage", stage_figures),
        ("percentile kernels", percentile_figures),
        ("end to end", end_to_end_figures),
        ("a bar more", append_figures),
        ("peak memory", memory_figures),
    ):
        console.print(f"measuring: {title}")
        figures += part(scale)
    console.print("measuring: against the per-bar reference")
    sample, ratios = ratio_figures(scale)
    console.print("measuring: universe")
    return sample, [*figures, *ratios, *universe_figures(scale)]


def _circumstances(scale: Scale) -> dict[str, object]:
    code = code_version()
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "is_quick": scale is QUICK,
        "runs_at_least": scale.runs,
        "cpu": _cpu_name(),
        "cores": os.cpu_count() or 1,
        "system": platform.platform(),
        "load_average_before": _load(),
        "python": code.python,
        **{f"version_{library}": version for library, version in code.libraries.items()},
        "commit": code.commit,
        "is_dirty": code.is_dirty,
        "compute_digest": code.compute_digest,
    }


def _cpu_name() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _load() -> str:
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


def _integration(sample: Sample) -> Table:
    table = Table("bar", "ms", "bar", "ms", "bar", "ms", "bar", "ms")
    table.title = "per-bar reference, sampled once each, agreeing with the engine to 1e-9"
    cells = [
        text
        for bar, cost in zip(sample.bars, sample.milliseconds, strict=True)
        for text in (str(bar), f"{cost:.1f}")
    ]
    for start in range(0, len(cells), 8):
        table.add_row(*cells[start : start + 8])
    table.caption = f"trapezoids over the bars: {sample.total_seconds():.2f} s"
    return table


def _table(figures: Sequence[Figure], is_quick: bool) -> Table:
    table = Table("figure", "value", "runs", "meaning")
    table.title = "QUICK: sizes are not those named" if is_quick else "medians of the runs"
    table.columns[0].no_wrap = True
    table.columns[1].justify = table.columns[2].justify = "right"
    for figure in figures:
        value = f"{figure.value:,.{2 if figure.value < 100 else 0}f}"
        table.add_row(figure.name, value, str(figure.runs or ""), figure.meaning)
    return table


if __name__ == "__main__":
    main()
