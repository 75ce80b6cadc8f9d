"""The columns of state_history from the metrics of the same bars."""

import numpy as np
import numpy.typing as npt

from regime_platform.compute.classifier.classifier import CODE_INPUTS, FLOAT_INPUTS, classify
from regime_platform.compute.frames import Columns
from regime_platform.compute.metrics.metrics import Metrics, valid_metrics
from regime_platform.compute.primitives import Floats
from regime_platform.model.result_schema import ESCALATION_BUCKETS, STATE_SCHEMA

_LEVEL_COLUMNS = tuple(
    name for name in STATE_SCHEMA if name.startswith(("support_", "resistance_"))
)
_NA = ESCALATION_BUCKETS.index("NA")


def state_columns(
    close: Floats, metrics: Metrics, count: int, buckets: npt.NDArray[np.uint8] | None
) -> Columns:
    """Every column of state_history for the last ``count`` bars, without the key.

    Args:
        close: per bar, of the same bars as ``metrics``.
        metrics: per bar; those before the last ``count`` are not used.
        count: number of rows.
        buckets: escalation bucket of each of those rows; None where there is no escalation.
    """
    before = len(close) - count
    computed = {
        name: value[before:] for name, value in vars(metrics).items() if name != "key_levels"
    }
    levels = zip(_LEVEL_COLUMNS, metrics.key_levels[:, before:], strict=True)
    return {
        **computed,
        **dict(levels),
        **classify({name: computed[name] for name in (*FLOAT_INPUTS, *CODE_INPUTS)}),
        "price": close[before:],
        "valid_metrics": valid_metrics(len(close))[before:],
        "escalation_bucket": np.full(count, _NA, np.uint8) if buckets is None else buckets,
    }


def run_start(labels: npt.NDArray[np.uint8]) -> int:
    """Position at which the unbroken run of the last label began."""
    other = np.flatnonzero(labels != labels[-1])
    return int(other[-1]) + 1 if len(other) else 0
