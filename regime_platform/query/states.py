"""The latest state of a symbol on each of its timeframes: regime, since when and why."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from dataclasses import fields as dataclass_fields
from functools import partial
from typing import Any

import polars as pl
from pydantic_core import to_jsonable_python

from regime_platform.bar_store.no_bars import fetch_notes
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute.maturity import RankBasis, basis_of
from regime_platform.compute.results import SeriesResult
from regime_platform.compute_db.rank_basis import add_latest_basis
from regime_platform.legacy.conversion import reading_any
from regime_platform.manifests.compute_manifest import SeriesLineage
from regime_platform.manifests.pending import pending_results
from regime_platform.model.calendar.lateness import NO_AGE, SeriesAge, series_age
from regime_platform.model.result_schema import LATEST_SCHEMA
from regime_platform.model.timeframes import TIMEFRAMES, canonical_timeframe
from regime_platform.query.classification import Comparison
from regime_platform.query.flips import FLIP_COLUMNS, Flip, flip, nearest_edge
from regime_platform.query.gate_now import GateNow
from regime_platform.query.stored_results import find_results
from regime_platform.validation.finding_counts import FindingCounts
from regime_platform.workspace import Where, Workspace

_STATES = "state_history"
_INSTANT = dt.timedelta(microseconds=1)  # the smallest difference of times
_METRICS = (
    *("price", "market_bias", "risk_level", "vrs", "breakout_up", "breakout_down"),
    *("downside_shock_risk", "structural_score", "cms", "ii", "er", "lq", "instability_index"),
    *("asymmetry_metric", "ema_fast", "ema_slow", "realized_vol"),
)
LABEL_COLUMNS = ("vol_label", "vol_trend", "momentum_state", "lq_label", "lq_trend")


@dataclass(frozen=True)
class Level:
    """A support or resistance: a price where recent bars turned."""

    price: float
    strength: float


@dataclass(frozen=True)
class StateNow:
    """The latest state of one series."""

    symbol: str
    timeframe: str
    as_of: dt.datetime  # open of its bar
    regime: str
    since: dt.datetime  # first bar of the unbroken run of this regime
    bars: int  # length of that run
    bias: str
    posture: str
    confidence: float
    reasons_top: tuple[str, ...]  # the strongest reason codes, the strongest first
    reasons: tuple[str, ...]  # every reason code
    tags: tuple[str, ...]
    escalation_percentile: float | None  # None where the series is too short
    escalation_bucket: str
    rank_basis: RankBasis | None  # what that percentile stands on; None where that is not known
    hazard_score: float | None  # the escalation score: 100 times the percentile
    consensus: float | None  # mean escalation percentile across the symbol's timeframes
    metrics: dict[str, float]  # None where an older version has none
    words: dict[str, str]  # labels and trends of volatility, momentum and liquidity
    supports: tuple[Level, ...]
    resistances: tuple[Level, ...]
    blocked: str  # why the gate blocks newer bars; empty where it does not
    delisted: str  # the ISO date of its delisting; empty where it is listed
    read_as: str = ""  # how results of an older version were read; empty for current ones
    left_out: Mapping[str, str] = field(default_factory=dict)  # of the consensus: timeframe -> why
    findings: FindingCounts | None = None  # against its bars; None where that is not known
    question: str = ""  # a finding that asks for a decision, with its command
    fetch_notes: tuple[str, ...] = ()  # timeframes of the symbol that are not served, and why
    #: Timeframe of the symbol that has too few bars for a state or an escalation -> why.
    too_few_bars: Mapping[str, str] = field(default_factory=dict)
    age: SeriesAge | None = None  # against the calendar; None where no ``now`` was given
    results_pending: str = ""  # why the bars in force are not computed yet; empty where they are
    derived_from: str = ""  # the finer series that its bars are built from; empty where given
    began: Flip | None = None  # why the regime began; None where its first bar is not stored
    nearest_edge: Comparison | None = None  # of its rule, see `query.flips.nearest_edge`


def state(
    symbol: str,
    timeframe: str | Iterable[str] | None = None,
    *,
    now: dt.datetime | None = None,
    where: Where = None,
) -> dict[str, StateNow]:
    """The latest state per timeframe, shortest first; timeframes with too few bars are left out.

    ``timeframe`` is one or several of them. With ``now`` (aware) each has the age of its last bar.

    Raises:
        UsageError: the symbol or timeframe is unknown.
        ResultsError: nothing was computed for the symbol.
    """
    wanted = _canonical(timeframe)
    instrument, paths = find_results(Workspace.open(where), symbol)
    with reading_any(paths.compute_db, instrument) as reader:
        latest = reader.table("latest_state").filter(pl.col("timeframe").is_in(wanted))
        latest = add_latest_basis(reader, latest.sort("timeframe"))
        first_bars = {
            name: reader.table(
                _STATES, timeframe=name, end=since + _INSTANT, last=2, columns=FLIP_COLUMNS
            )
            for name, since in latest.select("timeframe", "regime_since").iter_rows()
        }
        lineage = None if reader.read_as else reader.lineage()
    verdict = read_verdict(paths)
    gate = GateNow.of(verdict, lineage.recipe.left_out if lineage else ())
    if lineage is not None:
        gate = replace(gate, results_pending=pending_results(verdict, lineage.recipe))
    status = gate, instrument.delisted, reader.read_as
    short = too_few_bars(lineage.series, wanted) if lineage else {}
    notes = fetch_notes(paths, instrument)
    states = {
        row["timeframe"]: replace(
            state_now(row, *status, short),
            fetch_notes=notes,
            began=flip(first_bars[row["timeframe"]]),
        )
        for row in latest.iter_rows(named=True)
        if row["timeframe"] in instrument.timeframes
    }
    if now is None:
        return states
    age = partial(series_age, instrument)
    return {
        name: replace(each, age=age(name, each.as_of, now, built_from=each.derived_from))
        for name, each in states.items()
    }


def too_few_bars(
    series: Iterable[SeriesLineage | SeriesResult], timeframes: Collection[str] = TIMEFRAMES
) -> Mapping[str, str]:
    """Timeframe -> why its results have no state or no escalation."""
    return {
        each.timeframe: each.reason
        for each in series
        if each.status in ("state_only", "too_short") and each.timeframe in timeframes
    }


def why_no_state(
    symbol: str, timeframe: str | Iterable[str] | None = None, *, where: Where = None
) -> Mapping[str, str]:
    """What `too_few_bars` has of stored results: why `state` is empty, where it is."""
    instrument, paths = find_results(Workspace.open(where), symbol)
    with reading_any(paths.compute_db, instrument) as reader:
        series = () if reader.read_as else reader.lineage().series
    return too_few_bars(series, _canonical(timeframe))


def state_document(state: StateNow) -> dict[str, Any]:
    """The state as a JSON document."""
    age = NO_AGE if state.age is None else state.age.document()
    fields = {each.name: getattr(state, each.name) for each in dataclass_fields(state)}
    del fields["age"]
    fields["held_back"] = state.blocked  # its old name
    document: dict[str, Any] = to_jsonable_python({**fields, **age}, inf_nan_mode="null")
    return document


def state_now(
    row: dict[str, Any],
    gate: GateNow | None = None,
    delisted: str = "",
    read_as: str = "",
    short: Mapping[str, str] | None = None,
) -> StateNow:
    """A row of ``LATEST_SCHEMA`` and ``BASIS_SCHEMA`` as a state."""
    timeframe, gate = row["timeframe"], gate or GateNow()
    return StateNow(
        symbol=row["symbol"],
        timeframe=timeframe,
        as_of=row["ts"],
        regime=row["regime_label"],
        since=row["regime_since"],
        bars=row["regime_bars"],
        bias=row["regime_bias"],
        posture=row["risk_posture"],
        confidence=row["confidence"],
        reasons_top=codes(row["regime_reasons_top"]),
        reasons=codes(row["regime_reasons"]),
        tags=codes(row["strategy_tags"]),
        escalation_percentile=row["esc_pctl"],
        escalation_bucket=row["escalation_bucket"],
        rank_basis=basis_of(row),
        hazard_score=row["hazard_score"],
        consensus=row["cross_tf_consensus"],
        metrics={name: row[name] for name in _METRICS},
        words={name: row[name] for name in LABEL_COLUMNS},
        supports=_levels(row, "support"),
        resistances=_levels(row, "resistance"),
        blocked=gate.blocked,
        results_pending=gate.results_pending,
        delisted=delisted,
        read_as=read_as,
        left_out=gate.left_out,
        findings=gate.findings.get(timeframe),
        question=gate.questions.get(timeframe, ""),
        too_few_bars=short or {},
        derived_from=gate.derived_from.get(timeframe, ""),
        nearest_edge=nearest_edge(row),
    )


def codes(text: str | None) -> tuple[str, ...]:
    """The codes of a stored list."""
    return tuple(code for code in (text or "").split(",") if code)


def _canonical(timeframe: str | Iterable[str] | None) -> tuple[str, ...]:
    """The timeframes wanted; all where none is named."""
    named = [timeframe] if isinstance(timeframe, str) else timeframe or ()
    return tuple(map(canonical_timeframe, named)) or TIMEFRAMES


def _levels(row: dict[str, Any], side: str) -> tuple[Level, ...]:
    prices = [name for name in LATEST_SCHEMA if name.startswith(side) and name.endswith("_price")]
    return tuple(
        Level(row[name], row[name.replace("_price", "_strength")])
        for name in prices
        if row[name] is not None
    )
