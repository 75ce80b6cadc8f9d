"""The series that a study works on, from canonical bars and stored results."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from regime_platform.bar_store.canonical import scan_in_force
from regime_platform.compute.eras.eras import Era
from regime_platform.compute_db.rank_basis import add_basis
from regime_platform.compute_db.reader import reading
from regime_platform.errors import ResultsError
from regime_platform.model.result_schema import ESCALATION_BUCKETS
from regime_platform.query.stored_results import find_results, no_bars
from regime_platform.studies.series import Codes, Floats, Ints, StudySeries
from regime_platform.workspace import Workspace

_STATES = ("ts", "regime_label", "risk_posture", "price")
_RANKS = ("ts", "esc_raw", "esc_pctl", "esc_bucket")
_PRICES = ("open", "high", "low", "close")
_NO_BUCKET = ESCALATION_BUCKETS.index("NA")


class StoredSeries(NamedTuple):
    """A series, and what is to be known about it."""

    series: StudySeries
    notes: tuple[str, ...]


def series_of(workspace: Workspace, symbol: str, timeframe: str) -> StoredSeries:
    """The bars of a series that have a state, all verified; a note where results are older.

    Bars that came after the results, and results without a bar, are left out. Prices are those of
    the canonical bars.

    Raises:
        UsageError: the symbol is unknown.
        ResultsError: it has no states on this timeframe, or its results are damaged or of another
            version.
        BarsError: its bars are damaged.
    """
    instrument, paths = find_results(workspace, symbol)
    with reading(paths.compute_db) as reader:
        states = reader.table("state_history", timeframe=timeframe, columns=_STATES)
        ranks = reader.table("escalation_history_v3", timeframe=timeframe, columns=_RANKS)
        ranks = add_basis(reader, ranks, timeframe)
        eras = reader.lineage().recipe.eras.eras
    bars = scan_in_force(paths, timeframe)
    if bars is None:
        raise no_bars(instrument, paths, timeframe)
    if states.is_empty():
        raise ResultsError(
            f"{symbol} has too few {timeframe} bars for a state; `regime state {symbol}` counts "
            "them",
            code="no-states",
        )
    results = states.join(ranks, on="ts", how="left", maintain_order="left")
    rows = results.join(bars.select("ts", *_PRICES).collect(), on="ts", maintain_order="left")
    return StoredSeries(
        _arrays(rows, eras, instrument.symbol, timeframe, instrument.asset_class),
        _notes(results, rows, symbol),
    )


def _arrays(
    rows: pl.DataFrame, eras: Sequence[Era], symbol: str, timeframe: str, asset_class: str
) -> StudySeries:
    bucket = _codes(rows["esc_bucket"])
    return StudySeries(
        symbol=symbol,
        timeframe=timeframe,
        asset_class=asset_class,
        ts=rows["ts"].dt.replace_time_zone(None).to_numpy(),
        **{name: _floats(rows[name]) for name in _PRICES},
        regime=_codes(rows["regime_label"]),
        posture=_codes(rows["risk_posture"]),
        bucket=np.where(bucket < 0, _NO_BUCKET, bucket).astype(np.int8),
        rank=_floats(rows["esc_pctl"]),
        raw=_floats(rows["esc_raw"]),
        is_immature=rows["is_rank_immature"].fill_null(False).to_numpy(),
        era=_eras(rows["ts"].to_physical().to_numpy(), eras),
    )


def _codes(labels: pl.Series) -> Codes:
    return labels.to_physical().cast(pl.Int8).fill_null(-1).to_numpy()


def _floats(values: pl.Series) -> Floats:
    return values.fill_null(float("nan")).to_numpy()


def _eras(opens: Ints, eras: Sequence[Era]) -> Ints:
    """The position of the era of every open; of two that overlap the later wins."""
    out = np.full(len(opens), -1, np.int64)
    for position, era in enumerate(eras):
        out[(opens >= era.start_us) & (opens < era.end_us)] = position
    return out


def _notes(results: pl.DataFrame, rows: pl.DataFrame, symbol: str) -> tuple[str, ...]:
    without_bar = results.height - rows.height
    revised = int((rows["price"] != rows["close"]).sum())
    reasons = []
    if without_bar:
        reasons.append(f"without a bar, and left out: {without_bar:,}")
    if revised:
        reasons.append(f"made from an earlier revision of their bar: {revised:,}")
    return (f"{symbol}: results older than the bars: {'; '.join(reasons)}",) if reasons else ()
