"""`make bench-pass`: where daily and intraday passes over a slice of the universe spend their time.

Each symbol receives one new bar on each of its timeframes from a vendor on loopback. A pass runs in
a fresh process and in that alone, with and without Dagster; first once counted, then timed several
times, each time on a copy of the same store. Shares are of processor time. Webserver, daemon and
worker processes take no part: `make bench-orchestration` has them.

``--against FOLDER`` measures another checkout too, before and after in turn, with the bench of this
one; it must have the names that the bench uses.
"""

import argparse
import datetime as dt
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.bench.counts import COUNTS
from regime_platform_tests.bench.pass_measurement import STAGES
from regime_platform_tests.bench.unattended_store import Size, vendor_process
from regime_platform_tests.vendor import KEY

_KINDS = ("daily", "core")
_WAYS = ("pipeline", "dagster")
_BEFORE, _AFTER = "before", "after"

#: (kind, way, checkout) -> what each timed pass says, or the one that was counted.
Measured = dict[tuple[str, str, str], list[dict[str, float]]]


@dataclass(frozen=True)
class Checkout:
    """A checkout of the platform, and the folder of what is measured with it."""

    name: str
    code: Path
    folder: Path

    def run(self, *arguments: object, url: str = "http://127.0.0.1:1") -> str:
        """What a process with the code of this checkout and the bench of ours prints."""
        path = self._path()
        own = self.code / ".venv/bin/python"
        settings = {
            "PYTHONPATH": str(path),
            "REGIME_CREDITS_FOLDER": str(self.folder / "credits"),
            "REGIME_CREDITS_PER_MINUTE": "1000000",
            "REGIME_REREAD_SHARE": "0",
            "REGIME_TWELVEDATA_URL": url,
            "REGIME_WORKERS": "1",
            "TWELVEDATA_API_KEY": KEY,
        }
        return subprocess.run(
            [
                own if own.exists() else sys.executable,
                *("-m", "regime_platform_tests.bench.pass_measurement"),
                *map(str, arguments),
            ],
            cwd=path,
            env={**os.environ, **settings},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def _path(self) -> Path:
        """A folder of packages: the platform of the checkout, and our tests."""
        path = self.folder / "path"
        if not path.exists():
            path.mkdir(parents=True)
            (path / "regime_platform").symlink_to(self.code / "regime_platform")
            (path / "regime_platform_tests").symlink_to(PROJECT_ROOT / "regime_platform_tests")
        return path


@dataclass
class Bench:
    """What is measured, and the measurements so far."""

    sizes: Mapping[str, Size]  # by kind
    rounds: int
    checkouts: Sequence[Checkout]
    now: dt.datetime
    timed: Measured = field(default_factory=dict)
    counted: Measured = field(default_factory=dict)

    def measure(self) -> Iterator[str]:
        """Measures everything; names what is done."""
        for kind, size in self.sizes.items():
            for checkout in self.checkouts:
                self._run(checkout, "prepare", kind, checkout.folder / kind)
                yield f"{kind}, {checkout.name}: stored"
            with vendor_process(size, self.now) as url:
                for taken in range(self.rounds + 1):
                    for way in _WAYS:
                        for checkout in self.checkouts:
                            self._pass(checkout, kind, way, url, is_counted=taken == 0)
                    yield f"{kind}: {'timed' if taken else 'counted'}"

    def _pass(self, checkout: Checkout, kind: str, way: str, url: str, *, is_counted: bool) -> None:
        store, copy = checkout.folder / kind, checkout.folder / "copy"
        shutil.copytree(store, copy)
        text = self._run(checkout, "counted" if is_counted else way, kind, copy, way, url=url)
        shutil.rmtree(copy)
        into = self.counted if is_counted else self.timed
        into.setdefault((kind, way, checkout.name), []).append(json.loads(text.splitlines()[-1]))

    def _run(self, checkout: Checkout, action: str, kind: str, *more: object, url: str = "") -> str:
        size = self.sizes[kind]
        stated = (size.core, size.daily, size.share, self.now.isoformat())
        return checkout.run(action, *stated, *more, url=url or "http://127.0.0.1:1")


def medians(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of every figure."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: statistics.median(row.get(name, 0.0) for row in rows) for name in names}


def tables(bench: Bench) -> Iterator[Table]:
    """A table of times and one of counts for each kind of pass, each per symbol."""
    columns = [(way, checkout.name) for way in _WAYS for checkout in bench.checkouts]
    for kind, size in bench.sizes.items():
        symbols = size.core + size.daily
        for title, measured, names in (
            ("processor ms", bench.timed, (*STAGES, "total", "wall")),
            ("counts", bench.counted, COUNTS),
        ):
            figures = {(way, of): medians(measured[kind, way, of]) for way, of in columns}
            yield _table(f"{kind} pass, {symbols} symbols: {title} per symbol", figures, names)


def _table(
    title: str, figures: Mapping[tuple[str, str], Mapping[str, float]], names: Sequence[str]
) -> Table:
    is_paired = any(of == _BEFORE for _, of in figures)
    table = Table("", title=title)
    for way, of in figures:
        table.add_column(f"{way} {of}" if is_paired else way, justify="right")
        if is_paired and of == _AFTER:
            table.add_column("ratio", justify="right")
    for name in names:
        cells = []
        for (way, of), row in figures.items():
            value = row.get(name, 0.0)
            cells.append(f"{value:,.1f}")
            if is_paired and of == _AFTER:
                before = figures[way, _BEFORE].get(name, 0.0)
                cells.append(f"{value / before:.2f}" if before else "")
        table.add_row(name, *cells)
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, and writes build/bench_pass.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, default=2)
    parser.add_argument("--daily", type=int, default=40)
    parser.add_argument("--share", type=float, default=1.0, help="part of the real histories")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--against", type=Path, help="an older checkout, measured in turn")
    parser.add_argument("--output", type=Path, default=PROJECT_ROOT / "build/bench_pass.json")
    asked = parser.parse_args(arguments)
    sizes = {
        "daily": Size(0, asked.daily, asked.share),
        "core": Size(asked.core, 0, asked.share),
    }
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkouts = [Checkout(_AFTER, PROJECT_ROOT, folder / _AFTER)]
        if asked.against:
            checkouts.insert(0, Checkout(_BEFORE, asked.against.resolve(), folder / _BEFORE))
        bench = Bench(sizes, asked.rounds, checkouts, dt.datetime.now(dt.UTC))
        for done in bench.measure():
            console.print(done)
    for table in tables(bench):
        console.print(table)
    facts = f"{bench.now:%Y-%m-%d %H:%M}, load {' '.join(f'{x:.1f}' for x in os.getloadavg())}"
    console.print(facts)
    figures = {
        what: {" ".join(key): medians(rows) for key, rows in measured.items()}
        for what, measured in (("timed", bench.timed), ("counted", bench.counted))
    }
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps({"circumstances": facts, **figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
