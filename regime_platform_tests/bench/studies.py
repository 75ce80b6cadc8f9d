"""`make bench-studies`: every study over daily symbols of 6,000 bars, in processor time.

The store has the results of one symbol under the names of all, so it is made quickly; each symbol
draws its own random numbers. Each study is measured in one process of two, as `regime study` uses.
"""

import argparse
import datetime as dt
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.bench.copied_store import copied_store
from regime_platform_tests.bench.study_costs import study_costs
from regime_platform_tests.bench.unattended_store import LENGTHS, Size, settings_of

NOW = dt.datetime(2026, 11, 27, 22, tzinfo=dt.UTC)
_BARS = 6_000
_UNIVERSE = 1_565
_BUDGET = 360.0  # processor seconds of a study over the universe: three minutes on two cores


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints and writes build/bench_studies.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=16)
    parser.add_argument("--bars", type=int, default=_BARS, help="daily bars of each")
    asked = parser.parse_args(arguments)
    size = Size(0, asked.symbols, asked.bars / LENGTHS["daily", "1day"])
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "data"
        copied_store(root, size, NOW)
        settings = settings_of(root, "http://127.0.0.1:1").model_copy(update={"workers": 1})
        seconds = dict(study_costs(settings))
    table = Table("study", "CPU of a symbol", f"{_UNIVERSE:,} symbols", "of the budget")
    for study, cpu in seconds.items():
        whole = cpu * _UNIVERSE
        table.add_row(study, f"{cpu:.3f} s", f"{whole:,.0f} s", f"{whole / _BUDGET:.0%}")
    Console().print(table)
    target = PROJECT_ROOT / "build/bench_studies.json"
    target.parent.mkdir(exist_ok=True)
    figures = {study: round(cpu, 4) for study, cpu in seconds.items()}
    target.write_text(json.dumps({"size": str(size), **figures}, indent=2))


if __name__ == "__main__":
    main()
