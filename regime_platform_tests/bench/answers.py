"""The cost of answers: as of a past moment, explained, verified, exported, and of snapshots.

``python -m regime_platform_tests.bench.answers`` prints processor times of one process, medians of
three. Snapshots are taken of copies of the bars and manifests of one symbol under other names.
"""

import datetime as dt
import os
import shutil
import tempfile
from pathlib import Path

import yaml

from regime_platform.audit.bundle.bundle import export_bundle
from regime_platform.audit.bundle.verify import verify_bundle
from regime_platform.audit.results_as_of import results_as_of
from regime_platform.audit.snapshots import find_snapshot, take_snapshot
from regime_platform.bar_store.manifest_files import (
    append_links,
    read_bar_manifest,
    read_compute_manifest,
)
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.compute.engine import warm_up
from regime_platform.compute_db.reader import file_stat
from regime_platform.files import write_json
from regime_platform.manifests.manifest import sealed
from regime_platform.manifests.snapshot_diff import changes
from regime_platform.operations.export import ExportFormat, export
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.explain import explain
from regime_platform.settings import Settings
from regime_platform_tests.bench.figures import median_cost

SYMBOLS = 1_565
_RUNS = 3
_NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
_LAST = dt.datetime(2013, 3, 1, tzinfo=dt.UTC)


def many(workspace: RunWorkspace, folder: Path, count: int) -> RunWorkspace:
    """A data root with bars (the same files) and manifests of AAPL under ``count`` names."""
    folder.mkdir()
    original = workspace.root.symbol("AAPL")
    bars = read_bar_manifest(original)
    results = read_compute_manifest(original)
    assert bars is not None
    assert results is not None
    verdict = read_verdict(original)
    assert verdict is not None
    names = [f"S{number:04d}" for number in range(count)]
    entry = {"asset_class": "US_EQUITY", "tier": "daily", "source": "sample"}
    listed = [{"symbol": name, "name": name, **entry} for name in names]
    (folder / "universe.yaml").write_text(yaml.safe_dump({"instruments": listed}))
    copies = RunWorkspace.open(Settings(_env_file=None, REGIME_DATA_ROOT=folder))
    for name in names:
        paths = copies.root.symbol(name)
        own_files = shutil.ignore_patterns("*.json", "*.jsonl", ".*")
        shutil.copytree(original.folder, paths.folder, ignore=own_files, copy_function=os.link)
        os.link(original.actions, paths.actions)  # its splits, which the bar manifest names
        write_verdict(paths, verdict.model_copy(update={"symbol": name}))
        own = {"symbol": name}
        of_bars = sealed(bars.manifest.model_copy(update=own), None, _NOW)
        of_results = results.manifest.model_copy(update=own)
        write_json(paths.manifest, of_bars.as_json())
        document = sealed(of_results, None, _NOW, file_stat(paths.compute_db))
        write_json(paths.compute_manifest, document.as_json())
        append_links(paths, [of_bars.link, document.link])
    return copies


def run(folder: Path, count: int, runs: int) -> dict[str, float]:
    """Processor seconds by figure."""
    workspace = RunWorkspace.open(Settings(_env_file=None, REGIME_DATA_ROOT=folder / "processed"))
    two = workspace.universe.select(["AAPL", "SYNTH"])
    list(run_symbols(workspace, two, _NOW))
    aapl, synth = two
    copies = many(workspace, folder / "many", count)
    taken = take_snapshot(workspace, _NOW.date(), _NOW)
    bundle = export_bundle(workspace, taken, folder / "bundle.zip").path
    root = workspace.root.path
    snapshots = [take_snapshot(copies, _NOW.date(), _NOW) for _ in range(2)]
    work = {
        "state as of a moment, AAPL, 3,949 bars": lambda: results_as_of(workspace, aapl, _NOW),
        "state as of a moment, SYNTH, 21,720 bars": lambda: results_as_of(workspace, synth, _NOW),
        "explain, AAPL 1day": lambda: explain("AAPL", "1day", _LAST, where=root),
        "export --format sqlite, both": lambda: export(
            workspace, two, ExportFormat.SQLITE, folder / "v1.db", _NOW, replace=True
        ),
        "verify a bundle of both": lambda: verify_bundle(bundle),
        "the same with every number computed again": lambda: verify_bundle(bundle, recompute=True),
        f"take a snapshot of {count:,} symbols": lambda: take_snapshot(copies, _NOW.date(), _NOW),
        "find one of these": lambda: find_snapshot(copies.root, snapshots[0].summary.label),
        "compare two of these": lambda: changes(snapshots[0].facts, snapshots[1].facts),
    }
    return {name: median_cost(task, runs).cpu for name, task in work.items()}


def main() -> None:
    """Prints the figures."""
    warm_up()
    with tempfile.TemporaryDirectory() as name:
        for figure, seconds in run(Path(name), SYMBOLS, _RUNS).items():
            print(f"{seconds * 1000:8.0f} ms  {figure}")


if __name__ == "__main__":
    main()
