"""`make soak [MINUTES=60]`: quarters of an hour of the core tier, one after the other.

One process lives through all of them: schedules, sensors and runs of Dagster over a persistent
instance, with worker processes as ever, a vendor on loopback and a clock that is moved on. After
every cycle its memory, open files, threads, children, temporary files and processor time are noted;
at the end a line is fitted over each, and a rise fails the soak.
"""

import argparse
import datetime as dt
import gc
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import time_machine

from regime_platform.orchestration.instance.home import open_instance
from regime_platform_tests.bench.unattended_store import (
    SPAWN,
    Size,
    environment_of,
    fill,
    settings_of,
    universe_text,
    vendor_process,
)
from regime_platform_tests.chaos.load.drift import Line, lines
from regime_platform_tests.end_to_end.daemon import Daemon
from regime_platform_tests.migration_scripts import scripts_read_once

_BEGIN = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
_CYCLE = dt.timedelta(minutes=15)
_AFTER = dt.timedelta(minutes=4)  # the last of the delays of a schedule's ticks
_WARM_UP = 48  # cycles, half a day: what is imported or cached at its first use is there by then
_OWN = Path("/proc/self")
#: Figure -> share of its level by which it may rise in a thousand cycles; the others only grow
#: with what is stored, and are printed.
_ALLOWED: Mapping[str, float] = {
    "memory_mb": 0.25,
    "objects": 0.25,
    "open_files": 0.05,
    "threads": 0.05,
    "children": 0.05,
    "temporary_files": 0.05,
    "processor_s": 0.5,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Ends with 1 where a figure drifts or a run fails."""
    options = argparse.ArgumentParser(prog="soak")
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--core", type=int, default=58)
    options.add_argument("--share", type=float, default=0.04, help="part of the real histories")
    chosen = options.parse_args(arguments)
    size = Size(chosen.core, 0, chosen.share, days_ahead=30)
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        samples = []
        for sample in _cycles(Path(name), size, chosen.minutes * 60):
            samples.append(sample)
            print(json.dumps(sample), flush=True)
    problems = list(_problems(samples))
    print("\n".join(problems) if problems else "no drift, and no run failed")
    return 1 if problems else 0


def _cycles(folder: Path, size: Size, seconds: float) -> Iterator[dict[str, float]]:
    """What was noted after each cycle, for so many seconds."""
    root, clock = folder / "data", SPAWN.Value("d", _BEGIN.timestamp())
    (folder / "temporary").mkdir()
    root.mkdir()
    (root / "universe.yaml").write_text(universe_text(size))
    fill(settings_of(root, "http://127.0.0.1:1"), size, _BEGIN)
    with (
        vendor_process(size, _BEGIN, clock) as url,
        _environment(folder, root, url),
        scripts_read_once(),  # by a process of its own for each run, outside of this soak
    ):
        settings = settings_of(root, url)
        with time_machine.travel(_BEGIN) as traveller, open_instance(settings) as instance:
            daemon = Daemon(settings, instance, traveller)
            ends, moment = time.monotonic() + seconds, _BEGIN + _AFTER
            while time.monotonic() < ends:
                moment += _CYCLE
                clock.value = moment.timestamp()
                before = _processor_seconds()
                runs = daemon.until(moment)
                spent = _processor_seconds() - before
                sample = {
                    "cycle": (moment - _BEGIN) // _CYCLE,
                    "runs": len(runs),
                    "failed_runs": sum(not run.is_success for run in runs),
                    "series": sum(len(run.materialized.get("compute_db", ())) for run in runs),
                    **_noted(folder),
                }
                # a bar of 15 minutes alone is what most cycles bring
                yield sample | ({"processor_s": spent} if _is_plain(moment) else {})
                daemon.runs.clear()


def _is_plain(moment: dt.datetime) -> bool:
    return moment.minute > 15


def _noted(folder: Path) -> dict[str, float]:
    gc.collect()
    status = dict(
        line.split(":", 1) for line in (_OWN / "status").read_text().splitlines() if ":" in line
    )
    state = folder / "data" / "dagster"
    return {
        "memory_mb": int(status["RssAnon"].split()[0]) / 1024,
        "objects": len(gc.get_objects()),
        "open_files": len(list((_OWN / "fd").iterdir())),
        "threads": int(status["Threads"]),
        "children": len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()),
        "temporary_files": sum(
            1 for path in folder.rglob("*") if ".tmp-" in path.name or _is_temporary(path)
        ),
        "workers_peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "dagster_mb": _bytes(state) / 1e6,
        "stored_mb": _bytes(folder / "data") / 1e6,
    }


def _is_temporary(path: Path) -> bool:
    return path.parent.name == "temporary"


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _processor_seconds() -> float:
    """Of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _problems(samples: Sequence[Mapping[str, float]]) -> Iterator[str]:
    fits = lines(samples, min(_WARM_UP, len(samples) // 2))
    print(f"{len(samples)} cycles; over 1,000 cycles, ten days of them:")
    for name, line in fits.items():
        print(f"  {name:<16} level {line.level:>12,.2f}  rise {_shown(line)}")
    if failed := sum(sample["failed_runs"] for sample in samples):
        yield f"{failed:g} runs failed"
    for name, allowed in _ALLOWED.items():
        if name in fits and fits[name].drifts(allowed):
            yield f"{name} drifts: {_shown(fits[name])} in 1,000 cycles"


def _shown(line: Line) -> str:
    return f"{line.rise:>+12,.2f} (standard error {line.error:,.2f})"


@contextmanager
def _environment(folder: Path, root: Path, url: str) -> Iterator[None]:
    before, where = dict(os.environ), Path.cwd()
    os.environ.update(environment_of(root, url))
    os.environ |= {"REGIME_WORKERS": "2", "TMPDIR": str(folder / "temporary")}
    tempfile.tempdir = None
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(where)
        os.environ.clear()
        os.environ.update(before)
        tempfile.tempdir = None


if __name__ == "__main__":
    sys.exit(main())
