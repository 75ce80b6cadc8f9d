"""The latest states of a symbol of which the gate blocks some timeframes.

The spec averages the timeframes that have an escalation and leaves the others null (section 13). A
blocked timeframe has one, of its last good bars, and is treated as one without.
"""

from collections.abc import Collection, Mapping

import polars as pl

from regime_platform.compute.results import Latest, SeriesResult, latest_of, latest_table
from regime_platform.model.result_schema import LATEST_SCHEMA

_NO_MEAN = pl.lit(None, LATEST_SCHEMA["cross_tf_consensus"]).alias("cross_tf_consensus")


def latest_rows(latest: Mapping[str, Latest], left_out: Collection[str]) -> pl.DataFrame:
    """The last state of every timeframe, in the order of ``latest`` and in ``LATEST_SCHEMA``.

    Those ``left_out`` of the mean escalation keep their state and have no mean.
    """
    if not left_out:
        return latest_table(latest)
    counted = {name: state for name, state in latest.items() if name not in left_out}
    rows = dict(zip(counted, latest_table(counted).iter_slices(1), strict=True))
    return pl.concat(
        [
            LATEST_SCHEMA.to_frame(),
            *(rows.get(name, state.row.with_columns(_NO_MEAN)) for name, state in latest.items()),
        ]
    )


def latest_states(
    results: Mapping[str, SeriesResult], left_out: Collection[str] = ()
) -> pl.DataFrame:
    """The same of series, as far as they have a state."""
    states = {name: latest_of(result) for name, result in results.items()}
    present = {name: state for name, state in states.items() if state is not None}
    return latest_rows(present, left_out)
