"""Symbols side by side: their latest states, and how far their regimes agree on common bars."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from regime_platform.compute.agreement import Codes, agreement, lead
from regime_platform.errors import RegimeError, ResultsError, UsageError
from regime_platform.model.moments import When, optional_moment
from regime_platform.model.result_schema import REGIME_LABELS
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.series import regimes
from regime_platform.workspace import Where, Workspace

_TIME = pl.Datetime("us", "UTC")
_LEAD: Mapping[str, pl.DataType] = {
    "changes_a": pl.Int64(),
    "changes_b": pl.Int64(),
    "shift": pl.Int64(),  # > 0: a leads by so many bars
    "matches": pl.Int64(),
    "at_once": pl.Int64(),
    "matches_by_chance": pl.Float64(),
    "most_by_chance": pl.Float64(),
    "is_small_sample": pl.Boolean(),
    "is_clear": pl.Boolean(),
}
#: Of two symbols a and b on their common bars; see ``compute.agreement`` for the formulas.
PAIR_SCHEMA = pl.Schema(
    {
        "a": pl.String(),
        "b": pl.String(),
        "bars": pl.Int64(),  # with a regime of both
        "first_ts": _TIME,
        "last_ts": _TIME,
        "regime_agreement": pl.Float64(),  # share of these bars with the same regime
        "regime_by_chance": pl.Float64(),
        "bucket_bars": pl.Int64(),  # with a rank of both
        "bucket_agreement": pl.Float64(),
        "bucket_by_chance": pl.Float64(),
        "is_same_regime": pl.Boolean(),  # at last_ts
        "last_agreed": _TIME,  # the last common bar with the same regime
        "last_parted": _TIME,  # the last common bar with different ones
        **{f"regime_{name}": dtype for name, dtype in _LEAD.items()},
        **{f"bucket_{name}": dtype for name, dtype in _LEAD.items()},
    }
)


@dataclass(frozen=True)
class Comparison:
    """Symbols on one timeframe; bars are common where they open at the same instant."""

    timeframe: str
    #: A row per symbol: its last bar, regime, run and rank, and the regime on the last bar that all
    #: have in common.
    latest: pl.DataFrame
    pairs: pl.DataFrame  # ``PAIR_SCHEMA``, in the order of the symbols
    #: ts, and a column of regimes per symbol: the bars that all have in common, oldest first.
    aligned: pl.DataFrame
    problems: Mapping[str, str] = field(default_factory=dict)  # symbol -> why it is left out

    def document(self) -> dict[str, Any]:
        """The document of ``regime compare --json`` without its frames."""
        ends = self.aligned["ts"].gather([0, -1]) if self.aligned.height else [None, None]
        return {
            "timeframe": self.timeframe,
            "common_bars": self.aligned.height,
            "first_common_ts": ends[0],
            "last_common_ts": ends[1],
            "problems": dict(self.problems),
        }


def compare(
    symbols: Sequence[str],
    timeframe: str = "1day",
    *,
    since: When | None = None,
    where: Where = None,
) -> Comparison:
    """The latest states of two or more symbols, and each pair of them on common bars.

    ``since`` is the first time of the bars that are compared; the latest states are those of all.
    A symbol that cannot be answered for is left out where two others can.

    Raises:
        UsageError: the timeframe or one of two symbols is unknown, or there are less than two.
        ResultsError: likewise nothing was computed for a symbol, or it has no such series.
    """
    workspace, wanted = Workspace.open(where), canonical_timeframe(timeframe)
    names = workspace.universe.symbols_of(symbols)
    if len(names) < 2:
        raise UsageError(
            f"{', '.join(names) or 'no symbol'}: a comparison needs two or more symbols, such as "
            "`regime compare AAPL MSFT`",
            code="too-few-symbols",
        )
    frames, errors = dict[str, pl.DataFrame](), dict[str, RegimeError]()
    for name in names:
        try:
            frames[name] = _states(workspace, name, wanted)
        except RegimeError as error:
            errors[name] = error
    if len(frames) < 2:
        raise next(iter(errors.values()))
    comparison = comparison_of(frames, wanted, since=optional_moment(since, "since"))
    return replace(comparison, problems={name: str(error) for name, error in errors.items()})


def comparison_of(
    frames: Mapping[str, pl.DataFrame], timeframe: str, *, since: dt.datetime | None = None
) -> Comparison:
    """Of series by symbol: ts, regime_label, esc_pctl, esc_bucket, is_rank_immature; ascending."""
    latest = pl.concat([_latest(symbol, frame) for symbol, frame in frames.items()])
    if since is not None:
        frames = {name: frame.filter(pl.col("ts") >= since) for name, frame in frames.items()}
    aligned = _aligned(frames)
    last = aligned.drop("ts").tail(1).to_dicts()
    common = pl.lit(None) if not last else pl.col("symbol").replace_strict(last[0])
    dtype = pl.Enum(REGIME_LABELS)
    return Comparison(
        timeframe,
        latest.with_columns(regime_on_common_bar=common.cast(dtype)),
        pl.DataFrame([_pair(*pair) for pair in combinations(frames.items(), 2)], PAIR_SCHEMA),
        aligned,
    )


def _states(workspace: Workspace, symbol: str, timeframe: str) -> pl.DataFrame:
    for _, frame in regimes(workspace, symbol, timeframe):
        return frame.select("ts", "regime_label", "esc_pctl", "esc_bucket", "is_rank_immature")
    raise ResultsError(
        f"{symbol} has too few {timeframe} bars for a state; `regime state {symbol}` counts them",
        code="no-states",
    )


def _latest(symbol: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The last row of a series with its symbol, and the unbroken run that it ends."""
    label = pl.col("regime_label")
    run = label.rle_id()
    return (
        frame.with_columns(run=run)
        .filter(pl.col("run") == pl.col("run").max())
        .select(
            pl.lit(symbol).alias("symbol"),
            last_ts=pl.col("ts").last(),
            regime_label=label.last(),
            regime_since=pl.col("ts").first(),
            regime_bars=pl.len().cast(pl.Int64),
            esc_pctl=pl.col("esc_pctl").last(),
            escalation_bucket=pl.col("esc_bucket").last(),
            is_rank_immature=pl.col("is_rank_immature").last(),
        )
    )


def _aligned(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    columns = [
        frame.select("ts", pl.col("regime_label").alias(symbol)) for symbol, frame in frames.items()
    ]
    aligned = columns[0]
    for column in columns[1:]:
        aligned = aligned.join(column, on="ts", maintain_order="left")
    return aligned.drop_nulls()


def _pair(first: tuple[str, pl.DataFrame], second: tuple[str, pl.DataFrame]) -> dict[str, Any]:
    (a, left), (b, right) = first, second
    both = left.join(right, on="ts", suffix="_b", maintain_order="left")
    both = both.drop_nulls(["regime_label", "regime_label_b"])
    names = [_codes(both[name]) for name in ("regime_label", "regime_label_b")]
    ranks = [_codes(both[name], absent="NA") for name in ("esc_bucket", "esc_bucket_b")]
    regime, bucket = agreement(*names), agreement(*ranks)
    is_same = names[0] == names[1]
    ts = both["ts"]
    return {
        "a": a,
        "b": b,
        "bars": both.height,
        "first_ts": ts.min(),
        "last_ts": ts.max(),
        "regime_agreement": regime.share,
        "regime_by_chance": regime.by_chance,
        "bucket_bars": bucket.bars,
        "bucket_agreement": bucket.share,
        "bucket_by_chance": bucket.by_chance,
        "is_same_regime": bool(is_same[-1]) if both.height else None,
        "last_agreed": ts.filter(pl.Series(is_same)).max(),
        "last_parted": ts.filter(pl.Series(~is_same)).max(),
        **{f"regime_{name}": value for name, value in lead(*names).document().items()},
        **{f"bucket_{name}": value for name, value in lead(*ranks).document().items()},
    }


def _codes(labels: pl.Series, absent: str = "") -> Codes:
    """The physical codes of an enum; -1 for null and for the label that is none."""
    codes = labels.cast(pl.String).replace({absent: None}).cast(labels.dtype).to_physical()
    return codes.cast(pl.Int64).fill_null(-1).to_numpy().astype(np.int64)
