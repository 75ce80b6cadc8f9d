"""Where an answer comes from: which fetches brought a bar, and which manifests describe results."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.bars.compaction import locate
from regime_platform.bars.decisions import read_decisions
from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.manifest_file import read_manifest
from regime_platform.bars.raw_log import read_raw
from regime_platform.manifests.manifest import is_whole
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.series import iso


def bar_origin(paths: SymbolPaths, timeframe: str, ts: dt.datetime) -> dict[str, Any]:
    """Every revision of one bar in order of arrival, and what persons decided about it.

    Raises:
        BarsError: a file of the raw log is damaged.
        ConfigError: decisions.yaml is damaged.
    """
    folder = paths.raw(timeframe)
    columns = (*BAR_COLUMNS, "fetched_at", "batch", "source", "price_basis")
    rows = read_raw(folder, None, columns).filter(pl.col("ts") == ts)
    decisions = [
        one.facts()
        for one in read_decisions(paths)
        if one.opens == ts and one.timeframe == timeframe
    ]
    return {
        "revisions": [
            {
                "fetched_at": iso(row["fetched_at"]),
                "source": row["source"],
                "price_basis": row["price_basis"],
                "raw_file": locate(folder, row["batch"]),
                **{name: row[name] for name in BAR_COLUMNS if name != "ts"},
            }
            for row in rows.iter_rows(named=True)
        ],
        "decisions": decisions,
    }


def manifest_facts(paths: SymbolPaths, lineage: Mapping[str, Any]) -> dict[str, Any]:
    """Both manifests in short, and whether they are about the results that are there.

    Raises:
        BarsError: a manifest is damaged.
    """
    bars, results = _told(paths.manifest), _told(paths.compute_manifest)
    held = read_manifest(paths.compute_manifest)
    describes = held is not None and held["manifest"]["tables"] == lineage["tables"]
    return {"bars": bars, "results": results, "describes_results": describes}


def _told(path: Path) -> dict[str, Any] | None:
    held = read_manifest(path)
    if held is None:
        return None
    facts = held["manifest"]
    told = {
        "file": path.name,
        "digest": held["digest"],
        "number": held["number"],
        "written_at": held["run"]["written_at"],
        "content_digest": facts["content_digest"],
        "is_whole": is_whole(held),
    }
    recipe = {"recipe_digest": facts["recipe_digest"]} if "recipe_digest" in facts else {}
    return told | recipe
