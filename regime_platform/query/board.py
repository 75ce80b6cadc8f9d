"""The latest state of all symbols, from the board file: a row per symbol, or per series."""

import datetime as dt
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import polars as pl

from regime_platform.bar_store.layout import ASSETS
from regime_platform.compute.maturity import immature_rows
from regime_platform.compute_db.board import read_board
from regime_platform.errors import OlderVersionWarning, ResultsError, UsageError
from regime_platform.model.calendar.lateness import NO_AGE, series_age
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import MARKETS
from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.model.timeframes import TIMEFRAMES, canonical_timeframe
from regime_platform.model.universe.universe import Universe
from regime_platform.query.codes import code_of
from regime_platform.settings import TRACKED_UNIVERSE
from regime_platform.workspace import Where, Workspace

Regime = Literal[
    "SHOCK",
    "PANIC_RISK",
    "TRENDING_BEAR",
    "CHOP_RISK",
    "TRANSITION",
    "TRANSITION_BREAKOUT_SETUP",
    "TRENDING_BULL",
]
Bucket = Literal["LOW", "MED", "HIGH", "NA"]
SortKey = Literal[
    "symbol", "escalation", "mean", "since", "changed", "regime", "change", "age", "findings"
]
_SORTS: dict[SortKey, tuple[list[str], list[bool]]] = {
    "symbol": ([], []),  # partition order
    "escalation": (["esc_pctl"], [True]),
    "mean": (["cross_tf_consensus"], [True]),
    "since": (["regime_since"], [True]),
    "changed": (["changed_at"], [True]),
    "regime": (["regime_label", "esc_pctl"], [False, True]),
    "change": (["change"], [True]),
    "age": (["missing"], [True]),
    "findings": (["errors", "warnings"], [True, True]),
}
_AGE_SCHEMA = {
    "due_bar": pl.Datetime("us", "UTC"),  # the newest missing bar; null where none is missing
    "missing": pl.Int64(),
    "is_stale": pl.Boolean(),
}
_OLDER = (
    "rows of the board are of an earlier release, without the time of the last change of bucket: "
    "{}; for them only changes of regime count; `regime promote --all` makes them again"
)
_COUNTS = ("errors", "warnings", "accepted")
_SHOWN = (
    *("symbol", "name", "asset_class", "tier", "timeframe", "status", "reason"),
    *("price", "price_before", "change", "regime_label", "regime_since", "regime_bars"),
    *("regime_before", "confidence", "regime_bias", "risk_posture", "esc_pctl"),
    *("escalation_bucket", "bucket_since", "bucket_before", "changed_at", "hazard_score"),
    *("cross_tf_consensus", "rank_bars", "rank_missing", "rank_eras", "is_rank_immature"),
    *("bars", "first_ts", "last_ts", *_AGE_SCHEMA, "late", *_COUNTS, "held_back", "is_pending"),
    *("left_out", "delisted"),
    *(f"{what}_{timeframe}" for timeframe in TIMEFRAMES for what in ("regime", "bucket")),
)


@dataclass(frozen=True)
class BoardFilter:
    """Which rows of a board; what is empty or None narrows nothing.

    Regimes, buckets and the change are those of the row's timeframe.
    """

    symbols: Collection[str] | None = None
    tier: str | None = None
    asset_classes: Collection[str] = ()
    regimes: Collection[Regime | str] = ()  # in any case, also with blanks or hyphens
    buckets: Collection[Bucket | str] = ()
    changed_since: dt.datetime | None = None  # aware: the last change of regime or bucket
    timeframe: str | None = None  # the row of a symbol shows it; symbols without it are left out


ALL_ROWS = BoardFilter()


def board(
    wanted: BoardFilter = ALL_ROWS,
    *,
    sort: SortKey = "symbol",
    now: dt.datetime | None = None,
    where: Where = None,
) -> pl.DataFrame:
    """One row per symbol: its state on one timeframe, and the regimes of all.

    The timeframe is ``wanted.timeframe``, else 1day where the symbol has a state on it, else the
    longest on which it has one. ``regime_1h``, ``bucket_1h`` and so on are those of the other
    timeframes; findings are sums over all, ``late`` names those that lack bars by ``now`` and
    ``left_out`` those that the mean escalation leaves out. The other columns, order and errors are
    those of `series_board`.
    """
    workspace = Workspace.open(where)
    rows = _symbol_rows(_series_rows(workspace, wanted, now), wanted)
    return _ordered(_matching(rows, wanted), sort)


def series_board(
    wanted: BoardFilter = ALL_ROWS,
    *,
    sort: SortKey = "symbol",
    now: dt.datetime | None = None,
    where: Where = None,
) -> pl.DataFrame:
    """One row per symbol and timeframe, with status and reason where there is no state.

    ``change`` is the price against that of the bar before, as a share; ``changed_at`` the first bar
    of the present regime or bucket, of the later of both. ``delisted`` is the date of a delisting,
    null where the symbol is listed. Symbols that are no longer in the universe are left out. Ties
    keep the partition order, nulls are last. The columns about ranks are those of
    ``compute.maturity.BASIS_SCHEMA``. ``due_bar``, ``missing`` and ``is_stale`` say what the
    calendar expects after ``last_ts`` by ``now`` (aware); null without it. What a board of an
    earlier release lacks is null until the next run.

    Raises:
        UsageError: there is no such symbol, tier, class, regime, bucket, timeframe or sort key.
        ResultsError: the board is damaged or missing; the next run rebuilds it. Or the universe of
            the data root is missing.
    """
    rows = _series_rows(Workspace.open(where), wanted, now)
    if wanted.timeframe is not None:
        rows = rows.filter(timeframe=canonical_timeframe(wanted.timeframe))
    return _ordered(_matching(rows, wanted), sort)


def _series_rows(
    workspace: Workspace, wanted: BoardFilter, now: dt.datetime | None
) -> pl.DataFrame:
    """The rows of the instruments wanted, in partition order, with all that follows from them."""
    instruments = {each.symbol: each for each in _members(workspace.universe, wanted)}
    facts = pl.DataFrame(
        [
            (place, each.symbol, each.name, each.asset_class, each.tier, each.delisted or None)
            for place, each in enumerate(instruments.values())
        ],
        {
            "place": pl.Int64(),
            **dict.fromkeys(("symbol", "name", "asset_class", "tier", "delisted"), pl.String()),
        },
        orient="row",
    )
    rows = (
        _stored_rows(workspace)
        .drop("made_from", "made_by")
        .join(facts, on="symbol")
        .sort("place", pl.col("timeframe").to_physical())
        .drop("place")
        .with_columns(
            change=pl.col("price") / pl.col("price_before") - 1,
            changed_at=pl.when(pl.col("bucket_since").is_not_null()).then(
                pl.max_horizontal("regime_since", "bucket_since")
            ),
            is_rank_immature=immature_rows(),
        )
    )
    return rows.hstack(_ages(rows, instruments, now))


def _stored_rows(workspace: Workspace) -> pl.DataFrame:
    """The board; an empty one only where there are no results, or none of these symbols yet."""
    root, settings = workspace.root, workspace.settings
    rows = read_board(root)
    if rows.is_empty():
        stored = [*root.path.glob(f"{ASSETS}/*/compute.db")]
        if stored and not root.board.exists():
            raise ResultsError(
                f"{root.board} does not exist although there are results of {len(stored)} symbols; "
                "`regime promote --all` makes it, as does the end of a run that is at work",
                code="board-missing",
            )
        return rows
    if settings.universe_file() != TRACKED_UNIVERSE:
        return rows
    lacking = sorted({*rows["symbol"]} - {*workspace.universe.symbols})
    if lacking:  # else the board would be that of a few symbols, or empty
        raise ResultsError(
            f"{settings.own_universe()} does not exist, and {len(lacking)} symbols on the board, "
            f"for example {lacking[0]}, are not in the sample universe that is used instead; "
            "restore it from a backup, or set REGIME_UNIVERSE to the universe of this data root",
            code="universe-missing",
        )
    return rows


def _members(universe: Universe, wanted: BoardFilter) -> Sequence[Instrument]:
    members: Sequence[Instrument] = universe.instruments
    if wanted.symbols is not None:
        members = universe.select(wanted.symbols)
    if wanted.tier is not None:
        of_tier = {each.symbol for each in universe.tier(wanted.tier)}
        members = [each for each in members if each.symbol in of_tier]
    if wanted.asset_classes:
        classes = _codes("class", wanted.asset_classes, MARKETS)
        members = [each for each in members if each.asset_class in classes]
    return members


def _ages(
    rows: pl.DataFrame, instruments: dict[str, Instrument], now: dt.datetime | None
) -> pl.DataFrame:
    """The columns of ``_AGE_SCHEMA`` for each row."""
    series = rows.select("symbol", "timeframe", "last_ts", "derived_from").iter_rows()
    ages = [
        NO_AGE
        if now is None or last is None
        else series_age(instruments[symbol], timeframe, last, now, built_from=finer).document()
        for symbol, timeframe, last, finer in series
    ]
    return pl.DataFrame(ages, _AGE_SCHEMA)


def _symbol_rows(rows: pl.DataFrame, wanted: BoardFilter) -> pl.DataFrame:
    """Of the rows of each symbol the one that is shown, with what all of them have."""
    timeframe, label = pl.col("timeframe"), pl.col("regime_label")
    at = timeframe.to_physical().cast(pl.Int64)
    names = timeframe.cast(pl.String)
    of_all = rows.group_by("symbol", maintain_order=True).agg(
        pl.col("cross_tf_consensus").drop_nulls().first(),
        pl.col("is_pending").any(),
        *(
            pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)
            for name in _COUNTS
        ),
        _joined(names, "is_stale").alias("late"),
        _joined(names, "is_left_out").alias("left_out"),
        *(
            pl.col(column).filter(names == name).first().alias(f"{what}_{name}")
            for name in TIMEFRAMES
            for what, column in (("regime", "regime_label"), ("bucket", "escalation_bucket"))
        ),
    )
    if wanted.timeframe is not None:
        shown = rows.filter(names == canonical_timeframe(wanted.timeframe))
    else:
        first = pl.when(names == "1day").then(len(TIMEFRAMES)).otherwise(at)
        first += label.is_not_null() * 10
        shown = rows.filter(first == first.max().over("symbol"))
    own = [name for name in shown.columns if name == "symbol" or name not in of_all.columns]
    joined = shown.select(own).join(of_all, on="symbol", how="left", maintain_order="left")
    return joined.select(_SHOWN)


def _joined(names: pl.Expr, condition: str) -> pl.Expr:
    """The timeframes of a symbol that fulfil a condition; null where none does."""
    matches = names.filter(pl.col(condition))
    return pl.when(matches.len() > 0).then(matches.str.join(", "))


def _matching(rows: pl.DataFrame, wanted: BoardFilter) -> pl.DataFrame:
    if wanted.regimes:
        regimes = _codes("regime", wanted.regimes, REGIME_LABELS)
        rows = rows.filter(pl.col("regime_label").cast(pl.String).is_in(regimes))
    if wanted.buckets:
        buckets = _codes("bucket", wanted.buckets, ESCALATION_BUCKETS)
        rows = rows.filter(pl.col("escalation_bucket").cast(pl.String).is_in(buckets))
    if wanted.changed_since is None:
        return rows
    older = rows.filter(pl.col("regime_since").is_not_null(), pl.col("changed_at").is_null())
    if older.height:
        warnings.warn(_OLDER.format(older.height), OlderVersionWarning, stacklevel=3)
    changed_at = pl.coalesce("changed_at", "regime_since")
    return rows.filter(changed_at >= wanted.changed_since)


def _codes(what: str, words: Collection[str], known: Collection[str]) -> list[str]:
    return [code_of(what, word, known) for word in words]


def _ordered(rows: pl.DataFrame, sort: SortKey) -> pl.DataFrame:
    if sort not in _SORTS:
        expected = ", ".join(get_args(SortKey))
        raise UsageError(
            f"unknown sort key {sort!r}; expected one of {expected}", code="unknown-sort-key"
        )
    columns, falling = _SORTS[sort]
    if not columns:
        return rows
    return rows.sort(columns, descending=falling, nulls_last=True, maintain_order=True)
