"""What SQL shows of one symbol: its bars, results and findings, read with their proofs."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import polars as pl

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.rename_journal import require_at_rest
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute_db.reader import ResultsReader, reading
from regime_platform.errors import BarsError, RegimeError, failure_reason
from regime_platform.model.bar_schema import PromotedBars
from regime_platform.model.digests import blocks_of, document_digest
from regime_platform.sql_views.catalog import Part, Source
from regime_platform.sql_views.freshness import files_of
from regime_platform.sql_views.relations import (
    BARS,
    FINDINGS,
    LATEST,
    RANKS,
    STATES,
    VIEWS,
    as_shown,
)
from regime_platform.sql_views.series_parts import parts_of
from regime_platform.sql_views.small_tables import finding_rows

_BUSY = "results-in-use"
_TICK = dt.timedelta(microseconds=1)

#: A part of a series, with its rows unless they are stored.
ShownPart = tuple[Part, pl.DataFrame | None]


@dataclass
class SymbolRows:
    """Everything of a symbol as it is now."""

    source: Source = field(default_factory=Source)
    bars: list[ShownPart] = field(default_factory=list)
    results: list[ShownPart] = field(default_factory=list)
    latest: pl.DataFrame | None = None  # None where the rows before are right
    findings: pl.DataFrame = field(default_factory=VIEWS[FINDINGS].to_frame)


def symbol_rows(root: DataRoot, symbol: str, before: Source, stored: Sequence[Part]) -> SymbolRows:
    """Reads what differs from ``before``, of which the parts are ``stored``.

    Results or bars that cannot be read are left out, with the reason.
    """
    try:
        require_at_rest(root, symbol)
    except BarsError as error:  # the folder may have the rows of another symbol
        latest = VIEWS[LATEST].to_frame()
        return SymbolRows(Source(reason=failure_reason(error, symbol)), latest=latest)
    paths = root.symbol(symbol)
    files = files_of(paths)  # before they are read: they may change meanwhile
    rows, results, problems = SymbolRows(), "", []
    digests: dict[str, str] = {}
    try:
        verdict = read_verdict(paths)
        rows.findings = finding_rows([verdict])
        promoted = {} if verdict is None else verdict.promoted
        rows.bars, digests = _bars(paths, promoted, before, stored)
    except (RegimeError, OSError) as error:
        problems.append(error)
    try:
        rows.results, results, rows.latest = _results(paths, before, stored)
    except (RegimeError, OSError) as error:
        problems.append(error)
        rows.latest = VIEWS[LATEST].to_frame()
    is_final = all(isinstance(each, RegimeError) and each.code != _BUSY for each in problems)
    reason = " | ".join(dict.fromkeys(failure_reason(each, paths.symbol) for each in problems))
    rows.source = Source(
        files=files if is_final else "", results=results, bars=digests, reason=reason
    )
    return rows


def _bars(
    paths: SymbolPaths,
    promoted: Mapping[str, PromotedBars],
    before: Source,
    stored: Sequence[Part],
) -> tuple[list[ShownPart], dict[str, str]]:
    """The canonical bars of every series, and their digests."""
    parts: list[ShownPart] = []
    digests = {}
    for timeframe, pointer in promoted.items():
        key = (BARS, paths.symbol, timeframe)
        series = [part for part in stored if part[:3] == key]
        if series and before.bars.get(timeframe) == pointer.digest:
            parts += [(part, None) for part in series]
            digests[timeframe] = pointer.digest
            continue
        in_force = read_in_force(paths, timeframe)
        if in_force is not None:
            bars = in_force[1].with_columns(symbol=pl.lit(key[1]), timeframe=pl.lit(timeframe))
            parts += parts_of(key, blocks_of(in_force[1]), series, partial(_after, bars))
            digests[timeframe] = in_force[0].digest
    return parts, digests


def _results(
    paths: SymbolPaths, before: Source, stored: Sequence[Part]
) -> tuple[list[ShownPart], str, pl.DataFrame | None]:
    """States and ranks, their digest, and the latest states where they may be others."""
    parts: list[ShownPart] = []
    if not paths.compute_db.exists():
        return parts, "", VIEWS[LATEST].to_frame()
    with reading(paths.compute_db) as reader:
        digest = document_digest(reader.lineage().tables)
        if digest == before.results:
            return [(part, None) for part in stored if part.view in {STATES, RANKS}], digest, None
        for (view, timeframe), blocks in reader.blocks().items():
            if view in {STATES, RANKS}:
                key = (view, paths.symbol, timeframe)
                series = [part for part in stored if part[:3] == key]
                parts += parts_of(key, blocks, series, partial(_read, reader, view, timeframe))
        return parts, digest, as_shown(LATEST, reader.table(LATEST))


def _after(bars: pl.DataFrame, after: dt.datetime | None) -> pl.DataFrame:
    return bars if after is None else bars.filter(pl.col("ts") > after)


def _read(
    reader: ResultsReader, view: str, timeframe: str, after: dt.datetime | None
) -> pl.DataFrame:
    start = None if after is None else after + _TICK
    return reader.table(view, timeframe=timeframe, start=start)
