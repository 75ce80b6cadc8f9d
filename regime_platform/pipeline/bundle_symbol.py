"""The files of one symbol as a snapshot names them: those held, or made anew as of then."""

import datetime as dt
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from regime_platform.bars.canonical import part_path, write_parts
from regime_platform.bars.layout import SymbolPaths
from regime_platform.compute_db.connection import log_beside
from regime_platform.errors import RegimeError, ResultsError
from regime_platform.pipeline.as_of import symbol_as_of
from regime_platform.pipeline.derive import stat_facts
from regime_platform.pipeline.described import is_described
from regime_platform.pipeline.inputs import Inputs
from regime_platform.pipeline.make import make_results
from regime_platform.pipeline.platform import Platform
from regime_platform.query.explain import eras_of

Entry = Mapping[str, Any]
Files = Mapping[str, bytes]


def held_files(paths: SymbolPaths, entry: Entry) -> Files | None:
    """Name below the symbol's folder -> bytes, where they still are what a snapshot names.

    None where they are not: the symbol has gone on, is being written, or is damaged.
    """
    try:
        files = {one.name: one.read_bytes() for one in (paths.manifest, paths.compute_manifest)}
        bars, results = (json.loads(data) for data in files.values())
        named = (entry["manifest"]["digest"], entry["compute_manifest"]["digest"])
        if (bars["digest"], results["digest"]) != named or log_beside(paths.compute_db).exists():
            return None
        for timeframe, series in bars["manifest"]["timeframes"].items():
            for file in series["files"]:
                data = part_path(paths.bars(timeframe), file["name"]).read_bytes()
                if sha256(data).hexdigest() != file["sha256"]:
                    return None
                files[f"bars/{timeframe}/{file['name']}"] = data
        before = stat_facts(paths)
        files[paths.compute_db.name] = paths.compute_db.read_bytes()
        is_untouched = is_described(paths, results) and stat_facts(paths) == before
        return files if is_untouched else None
    except (OSError, KeyError, ValueError, RegimeError):
        return None


def rebuilt_files(platform: Platform, symbol: str, entry: Entry, taken_at: dt.datetime) -> Files:
    """The bars of then from the raw log, and the results they give: both must be those named.

    Raises:
        ResultsError: they are not, or parameters, code or libraries are no longer those of then.
        UsageError: the symbol has left the universe.
        BarsError: the raw log is damaged.
    """
    recipe = entry["recipe"]
    _require_same_terms(platform, symbol, recipe)
    instrument = platform.universe.instrument(symbol)
    known = symbol_as_of(platform, instrument, taken_at)
    digests = {name: one.digest for name, one in known.series.items()}
    if digests != recipe["bars"]:
        raise ResultsError(_cannot(symbol, "the raw log gives other bars as of then"))
    with TemporaryDirectory() as folder:
        paths = SymbolPaths(Path(folder))
        promoted = {
            name: write_parts(paths.bars(name), name, one.bars, symbol)
            for name, one in known.series.items()
        }
        inputs = Inputs(instrument, paths, promoted, eras_of(recipe).eras, platform.params)
        made = {"recipe": dict(recipe), "code": dict(entry["code"])}
        lineage, _ = make_results(inputs, made, force=True)
        if lineage["tables"] != entry["tables"]:
            raise ResultsError(_cannot(symbol, "the same recipe gives other numbers now"))
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(paths.folder.rglob("*"))
            if path.is_file()
        }


def _require_same_terms(platform: Platform, symbol: str, recipe: Mapping[str, Any]) -> None:
    installed = {
        "params_fingerprint": platform.params.fingerprint(),
        "compute_digest": platform.code.compute_digest,
        "libraries": platform.code.calculating,
    }
    others = [name for name, value in installed.items() if recipe[name] != value]
    if others:
        told = ", ".join(others).replace("_", " ")
        raise ResultsError(_cannot(symbol, f"{told} installed are not those of then"))


def _cannot(symbol: str, why: str) -> str:
    return (
        f"{symbol} has gone on since the snapshot and cannot be taken back to it: {why}; export a "
        "snapshot when it is taken, or with the code that took it"
    )
