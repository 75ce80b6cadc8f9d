"""Latest states as rows, in the columns of histories and of the board."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from regime_platform.compute.maturity import BASIS_SCHEMA
from regime_platform.model.calendar.lateness import NO_AGE
from regime_platform.model.result_schema import (
    CODE_COLUMNS,
    LATEST_SCHEMA,
    LEVEL_COLUMNS,
    REGIME_LABELS,
)
from regime_platform.query.states import StateNow
from regime_platform.report.flip_text import flip_text

if TYPE_CHECKING:
    from regime_platform.audit.provenance import Provenance

_NOW = {
    "regime_before": pl.Enum(REGIME_LABELS),  # null where the bar before has no state
    "regime_change": pl.String(),  # why the regime began: what crossed an edge, before and after
    "last_bar": pl.Datetime("us", "UTC"),
    "due_bar": pl.Datetime("us", "UTC"),  # the newest missing bar; null where none is missing
    "missing": pl.Int64(),
    "is_stale": pl.Boolean(),
    **dict.fromkeys(("errors", "warnings", "accepted"), pl.Int64()),  # findings; null: not known
    "question": pl.String(),  # a finding that asks for a decision, with its command
    "blocked": pl.String(),  # why the gate blocks newer bars
    "left_out": pl.String(),  # why the mean escalation leaves the timeframe out
    "results_pending": pl.String(),  # why the bars in force are not computed yet
    "derived_from": pl.String(),  # the finer series that its bars are built from
    "delisted": pl.String(),  # ISO date
    "read_as": pl.String(),  # how results of an older version were read
}
#: Provenance of states of a past moment (docs/answers.md).
PAST_SCHEMA = {
    "known_at": pl.Datetime("us", "UTC"),  # when the bars became known
    "provenance": pl.String(),
    "provenance_reason": pl.String(),
}
STATE_NOW_SCHEMA = pl.Schema(
    {
        **{name: kind for name, kind in LATEST_SCHEMA.items() if name != "valid_metrics"},
        **BASIS_SCHEMA,
        **_NOW,
    }
)


def state_frame(states: Iterable[StateNow]) -> pl.DataFrame:
    """A row per state in ``STATE_NOW_SCHEMA``; text that says nothing is null."""
    return pl.DataFrame([_row(state) for state in states], schema=STATE_NOW_SCHEMA, orient="row")


def _row(state: StateNow) -> Mapping[str, Any]:
    basis, counts, began = state.rank_basis, state.findings, state.began
    levels: dict[str, float | None] = dict.fromkeys(LEVEL_COLUMNS)
    for side in ("support", "resistance"):
        for rank, level in enumerate(getattr(state, f"{side}s"), 1):
            levels[f"{side}_{rank}_price"] = level.price
            levels[f"{side}_{rank}_strength"] = level.strength
    codes = (state.tags, state.reasons, state.reasons_top)
    texts = (
        *("question", "blocked", "results_pending"),
        *("derived_from", "delisted", "read_as"),
    )
    return {
        "symbol": state.symbol,
        "timeframe": state.timeframe,
        "ts": state.as_of,
        "regime_label": state.regime,
        "regime_since": state.since,
        "regime_bars": state.bars,
        "regime_bias": state.bias,
        "risk_posture": state.posture,
        "confidence": state.confidence,
        "esc_pctl": state.escalation_percentile,
        "escalation_bucket": state.escalation_bucket,
        "hazard_score": state.hazard_score,
        "cross_tf_consensus": state.consensus,
        **state.metrics,
        **state.words,
        **levels,
        **{name: ",".join(named) for name, named in zip(CODE_COLUMNS, codes, strict=True)},
        **dict(zip(BASIS_SCHEMA, vars(basis).values() if basis else [None] * 4, strict=True)),
        "regime_before": (began and began.previous) or None,
        "regime_change": began and flip_text(began),
        **(NO_AGE if state.age is None else state.age.document()),
        **(counts.model_dump(include={"errors", "warnings", "accepted"}) if counts else {}),
        **{name: getattr(state, name) or None for name in texts},
        "left_out": state.left_out.get(state.timeframe),
    }


def past_state_frame(
    states: Iterable[StateNow], known_at: dt.datetime | None, provenance: "Provenance"
) -> pl.DataFrame:
    """The same with ``PAST_SCHEMA``."""
    values = (known_at, str(provenance.status), provenance.reason)
    past = [
        pl.lit(value, kind).alias(name)
        for (name, kind), value in zip(PAST_SCHEMA.items(), values, strict=True)
    ]
    return state_frame(states).with_columns(past)
