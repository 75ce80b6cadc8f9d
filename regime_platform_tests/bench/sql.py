"""`make bench-sql`: SQL over a store of 1,565 symbols, each figure of a process of its own.

At full size (58 core and 1,507 daily symbols with histories of real length) it needs 14 GB of disk
and half an hour. ``--core``, ``--daily`` and ``--share`` (of the histories) make it smaller;
``--root`` keeps the store and uses it again.
"""

import argparse
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.bench.copied_store import change_last, copied_store
from regime_platform_tests.bench.unattended_store import Size

NOW = dt.datetime(2026, 11, 27, 22, tzinfo=dt.UTC)
_CHANGED = 60
QUERIES = {
    "group_by": "SELECT regime_label, count(*), avg(risk_level) FROM state_history "
    "WHERE timeframe = '1day' GROUP BY ALL",
    "breadth": "SELECT date_trunc('month', ts) AS month, escalation_bucket, count(*) "
    "FROM state_history WHERE timeframe = '1day' GROUP BY ALL",
    "one_symbol": "SELECT ts, close FROM bars WHERE symbol = 'NY000' AND timeframe = '1day'",
    "board": "SELECT status, count(*) FROM board GROUP BY ALL",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, tells and writes build/bench_sql.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, default=58)
    parser.add_argument("--daily", type=int, default=1507)
    parser.add_argument("--share", type=float, default=1.0, help="part of the real histories")
    parser.add_argument("--root", type=Path, help="the data root to make, or to use again")
    asked = parser.parse_args(arguments)
    size = Size(asked.core, asked.daily, asked.share)
    with tempfile.TemporaryDirectory() as name:
        root = (asked.root or Path(name) / "data").absolute()
        if not root.exists():
            copied_store(root, size, NOW)
        figures = {key: round(value, 3) for key, value in measured(root).items()}
    table = Table("figure", "value")
    for key, value in figures.items():
        table.add_row(key, f"{value:,.3f}")
    Console().print(table)
    target = PROJECT_ROOT / "build/bench_sql.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"size": str(size), "cores": os.cpu_count(), **figures}, indent=2))


def measured(root: Path) -> dict[str, float]:
    """Seconds of wall clock and CPU of each whole process, and bytes."""
    figures = dict(_timed("first_build", root, QUERIES["board"]))
    for name, query in QUERIES.items():
        for _ in range(3):  # the last counts: the files are in the memory of the system
            timed = dict(_timed(name, root, query))
        figures |= timed
    change_last(root, _CHANGED)
    figures |= dict(_timed(f"refresh_{_CHANGED}_symbols", root, QUERIES["board"]))
    figures["sql_gb"] = _size(root / "sql") / 1e9
    figures["assets_gb"] = _size(root / "assets") / 1e9
    return figures


def _timed(name: str, root: Path, query: str) -> Iterator[tuple[str, float]]:
    regime = str(Path(sys.executable).with_name("regime"))
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "REGIME_DATA_ROOT": str(root)}
    subprocess.run(
        [regime, "sql", query, "--json"], check=True, env=environment, stdout=subprocess.DEVNULL
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    yield from ((f"{name}_s", wall), (f"{name}_cpu_s", cpu))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
