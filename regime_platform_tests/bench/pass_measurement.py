"""One pass in this process, its processor time by stage and its counts, each per symbol.

Started by `passes`, perhaps with the code of another checkout: stages that it does not have are
left out, and their time is that of what calls them.
"""

import argparse
import datetime as dt
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg

from regime_platform.bar_store.proven import remember, stamp_of
from regime_platform.compute.engine import warm_up
from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.jobs import PROCESS_LISTED, RECONCILE, listed_config
from regime_platform.pipeline.board import refresh_board, try_refresh_board
from regime_platform.pipeline.outcomes import STAGES as PIPELINE_STAGES
from regime_platform.pipeline.outcomes import Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.bench.counts import COUNTS, counting
from regime_platform_tests.bench.stages import Stopwatch
from regime_platform_tests.bench.unattended_store import Size, fill, settings_of, universe_text

_QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
_PIPELINE = "regime_platform.pipeline"
#: Stage, and what it is: module and function or class and method.
_TIMED = (
    ("fetch", f"{_PIPELINE}.run", "ingest"),
    ("fetch", f"{_PIPELINE}.run", "_in_turn"),
    ("gate", f"{_PIPELINE}.run", "promote"),
    ("gate", f"{_PIPELINE}.run", "note_doubts"),
    ("gate", f"{_PIPELINE}.run", "require_intact"),
    ("compute", f"{_PIPELINE}.run", "compute"),
    ("publish", f"{_PIPELINE}.run", "publish_bars"),
    ("publish", f"{_PIPELINE}.run", "publish"),
    ("board", __name__, "try_refresh_board"),
    ("board", "regime_platform.orchestration.batch", "try_refresh_board"),
    ("events made", "regime_platform.orchestration.batch", "materializations"),
    ("events made", "regime_platform.orchestration.batch", "evaluations"),
    ("events made", "regime_platform.orchestration.batch", "CheckTargets"),
    ("events made", "regime_platform.orchestration.batch", "freshness"),
    ("events stored", "dagster", "DagsterInstance.handle_new_event"),
)
#: In the order of the table; "start" is everything before the pass, once for all symbols.
STAGES = (
    "fetch",
    "gate",
    "compute",
    "publish",
    "board",
    "events made",
    "events stored",
    "rest",
    "start",
    "idle",
)


def prepare(root: Path, size: Size, now: dt.datetime) -> None:
    """A store whose series end one bar before the last, results and Dagster's state included."""
    root.mkdir(parents=True)
    (root / "universe.yaml").write_text(universe_text(size))
    settings = settings_of(root, "http://127.0.0.1:1")
    fill(settings, size, now)
    workspace = RunWorkspace.open(settings)
    every = workspace.universe.instruments
    outcomes = list(run_symbols(workspace, every, now, stages=PIPELINE_STAGES[1:]))
    refresh_board(workspace, outcomes)
    _run_job(settings, RECONCILE)


def measured(root: Path, way: str, *, is_counted: bool) -> dict[str, float]:
    """What one pass costs per symbol: counts, or milliseconds by stage."""
    settings = Settings(_env_file=None, REGIME_DATA_ROOT=root)
    warm_up()
    _prove_again(settings)
    run = {"pipeline": _run_pipeline, "dagster": _run_dagster}[way]
    symbols = len(RunWorkspace.open(settings).universe.symbols)
    if is_counted:
        with counting(root) as counts:
            run(settings)
        return {name: counts[name] / symbols for name in COUNTS}
    start, began = time.process_time(), time.perf_counter()
    watch = Stopwatch()
    with _timed(watch):
        watch.around("rest", run)(settings)
    wall, total = time.perf_counter() - began, time.process_time() - start
    seconds = {**watch.spent, "start": start, "total": total, "wall": wall, "idle": wall - total}
    return {stage: 1e3 * spent / symbols for stage, spent in seconds.items()}


def _prove_again(settings: Settings) -> None:
    """Proves a copied store as its original was: else each pass would hash all that it reads.

    In a store in use the last pass has proven everything, and that is what a pass costs there.
    """
    workspace = RunWorkspace.open(settings)
    for symbol in workspace.universe.symbols:
        paths = workspace.root.symbol(symbol)
        assert paths.proven is not None
        files = json.loads(paths.proven.read_bytes())["files"]
        stamps = {name: (stamp_of(paths.folder / name), file[-1]) for name, file in files.items()}
        remember(paths, {name: (stamp, of) for name, (stamp, of) in stamps.items() if stamp})


def _run_pipeline(settings: Settings) -> None:
    workspace = RunWorkspace.open(settings)
    now = dt.datetime.now(dt.UTC)
    outcomes = list(run_symbols(workspace, workspace.universe.instruments, now, workers=1))
    _require_new(outcomes)
    try_refresh_board(workspace, outcomes)


def _run_dagster(settings: Settings) -> None:
    _require_new(_run_job(settings, PROCESS_LISTED))


def _run_job(settings: Settings, job: str) -> list[SymbolOutcome]:
    outcomes: list[SymbolOutcome] = []
    symbols = list(RunWorkspace.open(settings).universe.symbols)
    with open_instance(settings) as instance:
        definitions = build_definitions(settings, outcomes.append)
        definitions.resolve_job_def(job).execute_in_process(
            instance=instance,
            run_config=dg.RunConfig(ops=listed_config(job, symbols).ops, loggers=_QUIET),
        )
    return outcomes


def _require_new(outcomes: list[SymbolOutcome]) -> None:
    strange = [outcome for outcome in outcomes if outcome.status is not Status.DONE]
    if strange or not outcomes:
        raise RuntimeError(
            f"not every symbol received a bar: {[(row.symbol, row.status) for row in strange[:3]]}"
        )


@contextmanager
def _timed(watch: Stopwatch) -> Iterator[None]:
    with ExitStack() as patches:
        for stage, module, name in _TIMED:
            *owners, function = name.split(".")
            place: Any = importlib.import_module(module)
            for owner in owners:
                place = getattr(place, owner)
            work = getattr(place, function, None)
            if work is not None:
                patches.enter_context(patch.object(place, function, _around(watch, stage, work)))
        yield


def _around(watch: Stopwatch, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """``work``, or each item of an iterator that it returns, with its time going to the stage."""
    called = watch.around(stage, work)

    @wraps(work)
    def timed(*arguments: Any, **named: Any) -> Any:
        result = called(*arguments, **named)
        if not isinstance(result, Iterator):
            return result
        advance, end = watch.around(stage, next), object()
        return iter(lambda: advance(result, end), end)

    return timed


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind in (("action", str), ("core", int), ("daily", int), ("share", float)):
        parser.add_argument(name, type=kind)
    parser.add_argument("now", type=dt.datetime.fromisoformat)
    parser.add_argument("root", type=Path)
    parser.add_argument("way", nargs="?", default="")
    asked = parser.parse_args()
    if asked.action == "prepare":
        prepare(asked.root, Size(asked.core, asked.daily, asked.share), asked.now)
    else:
        figures = measured(asked.root, asked.way, is_counted=asked.action == "counted")
        sys.stdout.write(f"{json.dumps(figures)}\n")


if __name__ == "__main__":
    main()
