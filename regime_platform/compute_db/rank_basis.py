"""How much past the stored ranks stand on, counted in compute.db."""

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from regime_platform.compute.eras.eras import Era, midnight_us
from regime_platform.compute.maturity import (
    BASIS_SCHEMA,
    RankBasis,
    basis_at,
    with_basis,
    without_basis,
)
from regime_platform.compute_db.content import KEY, LATEST, for_each
from regime_platform.compute_db.reader import ResultsReader
from regime_platform.manifests.compute_manifest import Lineage
from regime_platform.model.instants import instant

#: The name of such rows where they are written as a table.
RANK_BASIS = "rank_basis"
_RANKS = "escalation_history_v3"
_USED = (*KEY, "esc_raw", "esc_pctl")


def add_basis(reader: ResultsReader, ranks: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """Rows of ``escalation_history_v3`` of one timeframe, and ``BASIS_SCHEMA`` beside them.

    ``ranks`` are consecutive, oldest first. All null where the file does not state eras and range,
    as one of version 1.
    """
    if ranks.is_empty() or reader.read_as:
        return without_basis(ranks)
    lineage = reader.lineage()
    first = {each.timeframe: each.min_ts for each in lineage.series}.get(timeframe)
    if first is None:
        return without_basis(ranks)
    eras, first_us = lineage.recipe.eras.eras, midnight_us(instant(first))
    before = _before(reader, timeframe, eras, first_us, ranks["ts"][0])
    return with_basis(ranks, timeframe, eras, first_us, before)


def add_latest_basis(reader: ResultsReader, latest: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``latest_state``, and ``BASIS_SCHEMA`` beside them."""
    if reader.read_as:
        return without_basis(latest)
    bases = latest_bases(reader, reader.lineage())
    rows = [basis_row(bases.get(name)) for name in latest["timeframe"]]
    return latest.hstack(pl.DataFrame(rows, BASIS_SCHEMA))


def latest_bases(reader: ResultsReader, lineage: Lineage) -> Mapping[str, RankBasis]:
    """Timeframe -> what the rank of its latest state stands on; without those that have no rank."""
    firsts = {each.timeframe: each.min_ts for each in lineage.series}
    eras = lineage.recipe.eras.eras
    query = f"SELECT timeframe, ts FROM {LATEST} WHERE esc_pctl IS NOT NULL"  # noqa: S608 - own name
    ranked = {
        timeframe: (naive, midnight_us(naive.replace(tzinfo=dt.UTC)), midnight_us(instant(first)))
        for timeframe, naive in reader.connection.execute(query).fetchall()
        if (first := firsts.get(timeframe)) is not None
    }
    if not ranked:
        return {}
    bounds = (
        (timeframe, naive - _past(opens, eras, first_us), naive)
        for timeframe, (naive, opens, first_us) in ranked.items()
    )
    where, values = for_each("timeframe = ? AND ts BETWEEN ? AND ?", bounds)
    rows = reader.connection.execute(
        f"SELECT timeframe, count(esc_raw), count(*) FROM {_RANKS} "  # noqa: S608 - own name
        f"WHERE {where} GROUP BY timeframe",
        values,
    ).fetchall()
    return {
        timeframe: basis_at(opens, timeframe, eras, first_us, (bars, every - bars))
        for timeframe, bars, every in rows
        for _, opens, first_us in [ranked[timeframe]]
    }


def basis_row(basis: RankBasis | None) -> dict[str, int | bool | None]:
    """The same as a row of ``BASIS_SCHEMA``."""
    values = (None,) * len(BASIS_SCHEMA) if basis is None else tuple(vars(basis).values())
    return dict(zip(BASIS_SCHEMA, values, strict=True))


def rank_bases(reader: ResultsReader, timeframe: str) -> pl.DataFrame:
    """What every rank of a timeframe stands on: the key and ``BASIS_SCHEMA``, oldest first.

    No rows where there are no ranks, or their eras are not known.
    """
    ranks = reader.table(_RANKS, timeframe=timeframe, columns=("symbol", *_USED))
    bases = add_basis(reader, ranks, timeframe).drop_nulls("rank_bars")
    return bases.select("symbol", *KEY, *BASIS_SCHEMA)


def _before(
    reader: ResultsReader, timeframe: str, eras: Sequence[Era], first_us: int, ts: dt.datetime
) -> tuple[int, int]:
    """The bars of the era of ``ts`` before it: with esc_raw, without it."""
    naive = ts.replace(tzinfo=None)
    rows = reader.connection.execute(
        f"SELECT count(esc_raw), count(*) FROM {_RANKS} "  # noqa: S608 - own name
        "WHERE timeframe = ? AND ts >= ? AND ts < ?",
        [timeframe, naive - _past(midnight_us(ts), eras, first_us), naive],
    ).fetchall()
    return rows[0][0], rows[0][1] - rows[0][0]


def _past(opens_us: int, eras: Sequence[Era], first_us: int) -> dt.timedelta:
    """How long the era of a bar had lasted before it."""
    start = next(era.start_us for era in eras if era.start_us <= opens_us < era.end_us)
    return dt.timedelta(microseconds=opens_us - max(start, first_us))
