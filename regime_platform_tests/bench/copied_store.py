"""A store of many symbols with the bars and results of two, for benchmarks that only read.

One core and one daily symbol go through gate and compute; the others get their rows under their own
names, with true digests, in a tenth of the time.
"""

import datetime as dt
import shutil
from pathlib import Path

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.compute_db.reader import mark_proven, reading
from regime_platform.compute_db.store import build
from regime_platform.manifests.compute_manifest import Lineage, ResultOrigin
from regime_platform.model.digests import Blocks
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import TABLES
from regime_platform.pipeline.board import rebuild_board
from regime_platform.pipeline.compute import compute
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.bench.unattended_store import Size, fill, settings_of, universe_text


def copied_store(root: Path, size: Size, now: dt.datetime) -> RunWorkspace:
    """Makes the store; only bars, verdicts, results and board, no raw logs of the copies."""
    root.mkdir(parents=True)
    models = root / "models"
    models.mkdir()
    one_each = Size(min(1, size.core), min(1, size.daily), size.share)
    (models / "universe.yaml").write_text(universe_text(one_each))
    model_settings = settings_of(models, "http://127.0.0.1:1")
    fill(model_settings, size, now)
    by_tier = {each.tier: _Model(model_settings, each) for each in _instruments(model_settings)}
    (root / "universe.yaml").write_text(universe_text(size))
    workspace = RunWorkspace.open(settings_of(root, "http://127.0.0.1:1"))
    for instrument in workspace.universe.instruments:
        by_tier[instrument.tier].copy_to(workspace.root.symbol(instrument.symbol))
    rebuild_board(workspace, workspace.universe.instruments)
    shutil.rmtree(models)
    return workspace


def change_last(root: Path, count: int) -> None:
    """Gives the results of the first symbols another last row, as a pass over them does."""
    workspace = RunWorkspace.open(settings_of(root, "http://127.0.0.1:1"))
    for symbol in workspace.universe.symbols[:count]:
        paths = workspace.root.symbol(symbol)
        tables, lineage, bars = _read(paths)
        is_last = pl.col("ts") == pl.col("ts").max().over("timeframe")
        without = {
            name: rows if name == "latest_state" else rows.filter(~is_last)
            for name, rows in tables.items()
        }
        _write(paths, without, lineage, bars)


def _instruments(settings: Settings) -> tuple[Instrument, ...]:
    return RunWorkspace.open(settings).universe.instruments


class _Model:
    """A symbol that went through gate and compute."""

    def __init__(self, settings: Settings, instrument: Instrument) -> None:
        workspace = RunWorkspace.open(settings)
        promote(workspace, instrument)
        compute(workspace, instrument)
        self._paths = workspace.root.symbol(instrument.symbol)
        self._tables, self._lineage, self._bars = _read(self._paths)

    def copy_to(self, paths: SymbolPaths) -> None:
        """Bars, verdict and results under another name."""
        shutil.copytree(self._paths.folder / "bars", paths.folder / "bars")
        verdict = read_verdict(self._paths)
        assert verdict is not None
        write_verdict(paths, verdict.model_copy(update={"symbol": paths.symbol}))
        named = {
            name: rows.with_columns(symbol=pl.lit(paths.symbol))
            for name, rows in self._tables.items()
        }
        _write(paths, named, self._lineage, self._bars)


def _read(paths: SymbolPaths) -> tuple[dict[str, pl.DataFrame], Lineage, dict[str, Blocks]]:
    """The tables, their lineage, and the blocks of the bars."""
    with reading(paths.compute_db) as reader:
        tables = {name: reader.table(name) for name in TABLES}
        blocks = reader.blocks()
        bars = {timeframe: value for (of, timeframe), value in blocks.items() if of == "bars"}
        return tables, reader.lineage(), bars


def _write(
    paths: SymbolPaths,
    tables: dict[str, pl.DataFrame],
    lineage: Lineage,
    bars: dict[str, Blocks],
) -> None:
    made = ResultOrigin(code=lineage.code, recipe=lineage.recipe)
    build(paths.compute_db, tables, made, lineage.series, bars)
    mark_proven(paths.compute_db)
