"""What became of every row of a part that is in the raw log, once its symbol was promoted.

Each row goes exactly one way. Whether it is in force is looked up in the raw log, whether the gate
kept it out in the rejected rows, and whether it is canonical in the bars themselves: nothing is
taken from what the migration believes to have done.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.raw.gate_input import GateInput, gate_input
from regime_platform.bar_store.rejected import read_rejected
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.legacy.migration.import_part import MOST_EXAMPLES, Taken
from regime_platform.legacy.migration.migration import Account
from regime_platform.model.bar_schema import BAR_COLUMNS, PRICE_COLUMNS, empty_bars
from regime_platform.model.instruments import Instrument
from regime_platform.validation.findings import worded
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.rules.bar import finished_when_fetched, opens_text
from regime_platform.validation.rules.series import GATE_SCHEMA, REPETITION, UNFINISHED

UNFINISHED_THERE = "unfinished bar"
BASIS_CHANGE = "basis change"
VOLUME_TYPE = "volume cut to a whole number"
CORRECTION = "correction"
PRICE_BASIS = "price basis"

#: Four prices that moved by one factor did so because of a split or a dividend.
_ONE_FACTOR = 0.001
_NO_SPLIT = 0.01

_MOVED, _ADJUSTED, _SUPERSEDED, _WAITING, _LOST = "moved", "adjusted", "older", "waiting", "lost"


def account(root: DataRoot, instrument: Instrument, taken: Taken) -> Account:
    """Follows every row of ``taken`` to where it is now.

    Raises:
        BarsError: the raw log, the canonical bars or the rejected rows are damaged.
    """
    paths, timeframe = root.symbol(instrument.symbol), taken.part.timeframe
    plain = Account(
        symbol=instrument.symbol,
        timeframe=timeframe,
        place=taken.part.name,
        rows=taken.rows,
        collapsed=taken.repeated,
        rejected=dict(taken.refused),
        by_order=taken.by_order,
        examples=taken.examples,
    )
    held = read_in_force(paths, timeframe)
    canonical = empty_bars() if held is None else held[1]
    if canonical.equals(taken.bars):
        return _settled(plain, Counter({_MOVED: canonical.height}), taken)
    given = gate_input(paths, timeframe, instrument.asset_class)
    rows = _followed(paths, taken, canonical, given)
    older = _explained(rows.filter(fate=_SUPERSEDED), given.served, taken, instrument.asset_class)
    told = replace(
        plain,
        superseded=dict(Counter(older["why"])),
        examples=(*plain.examples, *_examples(rows, older, timeframe)),
    )
    return _settled(told, Counter(rows["fate"]), taken)


def _settled(plain: Account, fates: Counter[str], taken: Taken) -> Account:
    """The account with the rows that are canonical, and those that are not."""
    how = "+".join(taken.changes)
    moved, adjusted = fates.pop(_MOVED, 0), fates.pop(_ADJUSTED, 0)
    changed = {how: moved if how else 0, "+".join((*taken.changes, PRICE_BASIS)): adjusted}
    fates.pop(_SUPERSEDED, 0)
    return replace(
        plain,
        equal=0 if how else moved,
        changed={name: rows for name, rows in changed.items() if rows},
        collapsed=plain.collapsed + fates.pop(REPETITION.name, 0),
        unfinished=fates.pop(UNFINISHED.name, 0),
        waiting=fates.pop(_WAITING, 0),
        lost=fates.pop(_LOST, 0),
        rejected=dict(Counter(plain.rejected) + fates),  # what is left are the gate's rules
    )


def _followed(
    paths: SymbolPaths, taken: Taken, canonical: pl.DataFrame, given: GateInput
) -> pl.DataFrame:
    """The bars taken with the ``fate`` of each, in their order."""
    timeframe = taken.part.timeframe
    passed = given.rows.join(canonical, on=BAR_COLUMNS, how="semi", nulls_equal=True)
    rows = taken.bars.with_row_index("row")
    rows = rows.join(
        _rejected(paths, timeframe), on="ts", how="left", maintain_order="left"
    ).with_columns(
        in_force=_found(rows, given.served, BAR_COLUMNS),
        same=_found(rows, canonical, BAR_COLUMNS),
        passed=_found(rows, passed, ["ts"]),
    )
    fate = (
        pl.when(~pl.col("in_force"))
        .then(pl.lit(_SUPERSEDED))
        .when(pl.col("rule").is_not_null())
        .then("rule")
        .when("same")
        .then(pl.lit(_MOVED))
        .when("passed")  # at another price than served
        .then(pl.lit(_ADJUSTED))
        .otherwise(pl.lit(_WAITING if _is_blocked(paths, timeframe) else _LOST))
    )
    return rows.with_columns(fate.alias("fate"))


def _found(rows: pl.DataFrame, among: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    found = rows.join(among.select(columns), on=columns, how="semi", nulls_equal=True)["row"]
    return rows["row"].is_in(found.implode())


def _rejected(paths: SymbolPaths, timeframe: str) -> pl.DataFrame:
    """Per open, the rule that keeps it out."""
    rows = read_rejected(paths, timeframe).select("ts", "rule")
    return rows.unique("ts", keep="first", maintain_order=True)


def _is_blocked(paths: SymbolPaths, timeframe: str) -> bool:
    verdict = read_verdict(paths)
    series = None if verdict is None else verdict.at(timeframe)
    return series is not None and series.status == BLOCKED


def _explained(
    older: pl.DataFrame, force: pl.DataFrame, taken: Taken, asset_class: str
) -> pl.DataFrame:
    """Versions that are not in force, beside those that are, and why they differ."""
    now = force.select(BAR_COLUMNS).unique("ts", keep="last")
    both = older.join(now, on="ts", how="left", suffix="_now", maintain_order="left")
    at = both.with_columns(fetched_at=pl.lit(taken.fetched_at).cast(GATE_SCHEMA["fetched_at"]))
    over = finished_when_fetched(at, taken.part.timeframe, asset_class)
    ratios = [pl.col(f"{name}_now") / pl.col(name) for name in PRICE_COLUMNS]
    least, most = pl.min_horizontal(ratios), pl.max_horizontal(ratios)
    scaled = ((most / least - 1).abs() < _ONE_FACTOR) & ((most - 1).abs() > _NO_SPLIT)
    whole = (pl.col("volume_now").fill_null(0.0).floor() == pl.col("volume")) & (most == least)
    return both.with_columns(
        why=pl.when(~over)
        .then(pl.lit(UNFINISHED_THERE))
        .when(scaled)
        .then(pl.lit(BASIS_CHANGE))
        .when(whole & (most == 1.0))
        .then(pl.lit(VOLUME_TYPE))
        .otherwise(pl.lit(CORRECTION))
    )


def _examples(rows: pl.DataFrame, older: pl.DataFrame, timeframe: str) -> list[str]:
    opens = opens_text(timeframe)
    kept_out = rows.filter(pl.col("rule").is_not_null() & (pl.col("fate") == pl.col("rule")))
    told = [
        kept_out.head(MOST_EXAMPLES).select(worded("{}: {}", opens, "rule")),
        older.head(MOST_EXAMPLES).select(
            worded("{}: {}, close {} is {} by now", opens, "why", "close", "close_now")
        ),
    ]
    return [text for one in told for text in one.to_series().to_list()]
