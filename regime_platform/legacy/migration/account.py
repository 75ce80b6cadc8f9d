"""Where each row of an imported part is after the promotion of its symbol, counted once.

It is read from the raw log, the rejected rows and the canonical bars, not from the import.
"""

from collections import Counter
from collections.abc import Sequence

import polars as pl

from regime_platform.bar_store.canonical import read_in_force, read_rejected
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.raw.gate_input import GateInput, gate_input
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.legacy.migration.migration import Account
from regime_platform.legacy.migration.raw_files import MOST_EXAMPLES, ImportedPart
from regime_platform.model.bar_schema import BAR_COLUMNS, PRICE_COLUMNS, empty_bars
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import Market
from regime_platform.validation.findings import opens_text, worded
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.rules.bar import finished_when_fetched
from regime_platform.validation.rules.series import GATE_SCHEMA, REPETITION, UNFINISHED

UNFINISHED_THERE = "unfinished bar"
BASIS_CHANGE = "basis change"
VOLUME_TYPE = "volume cut to a whole number"
CORRECTION = "correction"
PRICE_BASIS = "price basis"

#: Largest deviation of four price ratios from one factor, as a split or a dividend causes it.
_ONE_FACTOR = 0.001
_NO_SPLIT = 0.01

_MOVED, _ADJUSTED, _SUPERSEDED, _WAITING, _LOST = "moved", "adjusted", "older", "waiting", "lost"


def account(root: DataRoot, instrument: Instrument, imported: ImportedPart) -> Account:
    """Count every row of ``imported`` by where it is now; ``BarsError`` where that is damaged."""
    paths, timeframe = root.symbol(instrument.symbol), imported.part.timeframe
    in_force = read_in_force(paths, timeframe)
    canonical = empty_bars() if in_force is None else in_force[1]
    if canonical.equals(imported.bars):
        return _account(imported, Counter({_MOVED: canonical.height}), {}, ())
    given = gate_input(paths, timeframe, instrument.market)
    rows = _with_fate(paths, imported, canonical, given)
    older = _with_reason(rows.filter(fate=_SUPERSEDED), given.served, imported, instrument.market)
    examples = _examples(rows, older, timeframe)
    return _account(imported, Counter(rows["fate"]), dict(Counter(older["why"])), examples)


def _account(
    imported: ImportedPart,
    rows: Counter[str],
    superseded: dict[str, int],
    examples: Sequence[str],
) -> Account:
    """The account of a part; fates other than those named here are rules of the gate."""
    moved, adjusted = rows.pop(_MOVED, 0), rows.pop(_ADJUSTED, 0)
    rows.pop(_SUPERSEDED, 0)
    changes = imported.changes
    changed = {
        "+".join(changes): moved if changes else 0,
        "+".join((*changes, PRICE_BASIS)): adjusted,
    }
    return Account(
        timeframe=imported.part.timeframe,
        location=imported.part.name,
        rows=imported.rows,
        equal=0 if changes else moved,
        changed={name: count for name, count in changed.items() if count},
        collapsed=imported.repeated + rows.pop(REPETITION.name, 0),
        superseded=superseded,
        unfinished=rows.pop(UNFINISHED.name, 0),
        waiting=rows.pop(_WAITING, 0),
        lost=rows.pop(_LOST, 0),
        rejected=dict(imported.refused + rows),
        by_order=imported.by_order,
        examples=(*imported.examples, *examples),
    )


def _with_fate(
    paths: SymbolPaths, imported: ImportedPart, canonical: pl.DataFrame, given: GateInput
) -> pl.DataFrame:
    """The imported bars in their order, with the ``fate`` of each."""
    timeframe = imported.part.timeframe
    passed = given.rows.join(canonical, on=BAR_COLUMNS, how="semi", nulls_equal=True)
    rows = imported.bars.with_row_index("row")
    rejected = read_rejected(paths, timeframe).select("ts", "rule")
    rejected = rejected.unique("ts", keep="first", maintain_order=True)
    rows = rows.join(rejected, on="ts", how="left", maintain_order="left").with_columns(
        in_force=_is_among(rows, given.served, BAR_COLUMNS),
        same=_is_among(rows, canonical, BAR_COLUMNS),
        passed=_is_among(rows, passed, ["ts"]),
    )
    fate = (
        pl.when(~pl.col("in_force"))
        .then(pl.lit(_SUPERSEDED))
        .when(pl.col("rule").is_not_null())
        .then("rule")
        .when("same")
        .then(pl.lit(_MOVED))
        .when("passed")  # at an adjusted price
        .then(pl.lit(_ADJUSTED))
        .otherwise(pl.lit(_WAITING if _is_blocked(paths, timeframe) else _LOST))
    )
    return rows.with_columns(fate.alias("fate"))


def _is_among(rows: pl.DataFrame, others: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    matches = rows.join(others.select(columns), on=columns, how="semi", nulls_equal=True)["row"]
    return rows["row"].is_in(matches.implode())


def _is_blocked(paths: SymbolPaths, timeframe: str) -> bool:
    verdict = read_verdict(paths)
    series = None if verdict is None else verdict.at(timeframe)
    return series is not None and series.status == BLOCKED


def _with_reason(
    older: pl.DataFrame, in_force: pl.DataFrame, imported: ImportedPart, market: Market
) -> pl.DataFrame:
    """Versions that are not in force, beside those that are, and why they differ."""
    now = in_force.select(BAR_COLUMNS).unique("ts", keep="last")
    both = older.join(now, on="ts", how="left", suffix="_now", maintain_order="left")
    at = both.with_columns(fetched_at=pl.lit(imported.fetched_at).cast(GATE_SCHEMA["fetched_at"]))
    over = finished_when_fetched(at, imported.part.timeframe, market)
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
    rejected = rows.filter(pl.col("rule").is_not_null() & (pl.col("fate") == pl.col("rule")))
    texts = [
        rejected.head(MOST_EXAMPLES).select(worded("{}: {}", opens, "rule")),
        older.head(MOST_EXAMPLES).select(
            worded("{}: {}, close {} is {} by now", opens, "why", "close", "close_now")
        ),
    ]
    return [text for frame in texts for text in frame.to_series()]
