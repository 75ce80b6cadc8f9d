"""The golden vectors as arrays that the parts of the compute take, each part on its own."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.compute.classifier.quality import Bar, BarCodes
from regime_platform.model import result_schema

GOLDEN = Path(__file__).parents[1] / "golden"
FIRST_STATE_BAR = 20
CODES = {
    "momentum_state": result_schema.MOMENTUM_STATES,
    "vol_label": result_schema.VOL_LABELS,
    "vol_trend": result_schema.VOL_TRENDS,
    "lq_label": result_schema.LIQUIDITY_LABELS,
    "lq_trend": result_schema.LIQUIDITY_TRENDS,
}
_STATE_NAMES = {
    "momentum_state": "momentum.state",
    "vol_label": "vol_regime.label",
    "vol_trend": "vol_regime.trend",
    "lq_label": "liquidity.label",
    "lq_trend": "liquidity.trend",
    **{name: f"metrics.{name}" for name in Bar._fields},
}
_VECTOR_NAMES = {"lq_label": "liquidity_label", "lq_trend": "liquidity_trend"}


def golden_frame(series: str, table: str) -> pl.DataFrame:
    """One golden table of one series; bars without those the loader drops."""
    frame = pl.read_parquet(GOLDEN / f"{series}.{table}.parquet")
    return frame.filter(pl.col("close").is_not_nan()) if table == "bars" else frame


def classifier_frame(source: str) -> pl.DataFrame:
    """The named inputs of the classifier beside its answers: of a series or of the vectors."""
    names = _STATE_NAMES
    path = GOLDEN / f"{source}.state.parquet"
    if source == "classifier_vectors":
        names, path = _VECTOR_NAMES, GOLDEN / f"{source}.parquet"
    frame = pl.read_parquet(path)
    inputs = (
        pl.col(names.get(float_input, float_input)).alias(float_input)
        for float_input in (*Bar._fields, *BarCodes._fields)
    )
    return frame.select(*inputs, pl.col("^classification\\..*$"))


def coded(frame: pl.DataFrame) -> dict[str, npt.NDArray[np.float64] | npt.NDArray[np.uint8]]:
    """A frame of named inputs as `classify` takes them."""
    floats = {name: frame[name].to_numpy() for name in Bar._fields}
    codes = {
        name: np.array([words.index(word) for word in frame[name]], np.uint8)
        for name, words in CODES.items()
    }
    return {**floats, **codes}


def escalation_inputs(series: str) -> tuple[npt.NDArray[np.float64], ...]:
    """DSR, IIX, SS, close and slow EMA over all bars, with nonsense where no state row exists."""
    state = golden_frame(series, "state")
    names = ("downside_shock_risk", "instability_index", "structural_score", "price", "ema_slow")
    nonsense = np.full(FIRST_STATE_BAR, 7.7)
    return tuple(np.concatenate((nonsense, state[f"metrics.{name}"].to_numpy())) for name in names)
