"""What regime a symbol is in, since when and why, on each of its timeframes."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from regime_platform.compute_db.previous import reading_any
from regime_platform.model.result_schema import LATEST_SCHEMA
from regime_platform.model.series import iso
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.place import Where, gate_reason, place

_METRICS = (
    *("price", "market_bias", "risk_level", "vrs", "breakout_up", "breakout_down"),
    *("downside_shock_risk", "structural_score", "cms", "ii", "er", "lq", "instability_index"),
    *("asymmetry_metric", "ema_fast", "ema_slow", "realized_vol"),
)
_WORDS = ("vol_label", "vol_trend", "momentum_state", "lq_label", "lq_trend")


@dataclass(frozen=True)
class Level:
    """A price at which the last bars met buyers or sellers."""

    price: float
    strength: float


@dataclass(frozen=True)
class StateNow:
    """The latest state of one series."""

    symbol: str
    timeframe: str
    as_of: dt.datetime  # open of the bar it speaks of
    regime: str
    since: dt.datetime  # first bar of the unbroken run of this regime
    bars: int  # length of that run
    bias: str
    posture: str
    confidence: float
    reasons_top: tuple[str, ...]  # why, the strongest first
    reasons: tuple[str, ...]  # every reason code
    tags: tuple[str, ...]
    escalation_percentile: float | None  # None below the gate
    escalation_bucket: str
    hazard_score: float | None
    consensus: float | None  # mean percentile over the symbol's timeframes
    metrics: dict[str, float]  # None where an older version has none
    words: dict[str, str]  # labels and trends of volatility, momentum and liquidity
    supports: tuple[Level, ...]
    resistances: tuple[Level, ...]
    held_back: str  # why the gate keeps newer bars out; empty where it does not
    delisted: str  # the ISO date since when there is no news; empty where there may be some
    read_as: str = ""  # of results of an older version: that they are, and how they were read

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "as_of": iso(self.as_of), "since": iso(self.since)}


def state(symbol: str, timeframe: str | None = None, *, where: Where = None) -> dict[str, StateNow]:
    """The latest state per timeframe, shortest first; timeframes below the gate are left out.

    Raises:
        UsageError: the symbol or timeframe is unknown.
        ResultsError: nothing was computed for the symbol.
    """
    wanted = None if timeframe is None else canonical_timeframe(timeframe)
    instrument, paths = place(where).computed(symbol)
    with reading_any(paths.compute_db, instrument, wanted) as reader:
        latest = reader.table("latest_state", timeframe=wanted).sort("timeframe")
    told = gate_reason(paths), instrument.delisted, reader.read_as
    return {row["timeframe"]: state_now(row, *told) for row in latest.iter_rows(named=True)}


def state_now(
    row: dict[str, Any], held_back: str = "", delisted: str = "", read_as: str = ""
) -> StateNow:
    """A row of ``LATEST_SCHEMA`` as a state."""
    return StateNow(
        symbol=row["symbol"],
        timeframe=row["timeframe"],
        as_of=row["ts"],
        regime=row["regime_label"],
        since=row["regime_since"],
        bars=row["regime_bars"],
        bias=row["regime_bias"],
        posture=row["risk_posture"],
        confidence=row["confidence"],
        reasons_top=_codes(row["regime_reasons_top"]),
        reasons=_codes(row["regime_reasons"]),
        tags=_codes(row["strategy_tags"]),
        escalation_percentile=row["esc_pctl"],
        escalation_bucket=row["escalation_bucket"],
        hazard_score=row["hazard_score"],
        consensus=row["cross_tf_consensus"],
        metrics={name: row[name] for name in _METRICS},
        words={name: row[name] for name in _WORDS},
        supports=_levels(row, "support"),
        resistances=_levels(row, "resistance"),
        held_back=held_back,
        delisted=delisted,
        read_as=read_as,
    )


def _codes(text: str | None) -> tuple[str, ...]:
    return tuple(code for code in (text or "").split(",") if code)


def _levels(row: dict[str, Any], side: str) -> tuple[Level, ...]:
    prices = [name for name in LATEST_SCHEMA if name.startswith(side) and name.endswith("_price")]
    return tuple(
        Level(row[name], row[name.replace("_price", "_strength")])
        for name in prices
        if row[name] is not None
    )
