"""Why a value of the legacy engine differs from ours, inferred from other columns of the row."""

from collections.abc import Sequence

import polars as pl

BASE = "escalation_history_v3"
TOLERANCE = 1e-9

ERA_MODE = "era mode"
STALE = "stale state row"
UNFINISHED = "unfinished bar"
BARS_DIFFER = "a bar at or before it differs"
NO_NUMBA = "old run without numba"
UNEXPLAINED = "unexplained"

#: Columns that depend on the eras in force; all others of a row do not.
_OF_ERAS = frozenset(
    {"esc_pctl", "esc_pctl_era", "esc_pctl_era_confidence", "esc_pctl_era_adj", "esc_bucket"}
    | {"escalation_bucket", "escalation_action", "escalation_bucket_thresholds"}
)
_LABELS = frozenset({"fwd_absret_h", "event_flag", "event_severity"})
_HORIZON = 20  # bars that a label looks ahead


class Reasons:
    """Evidence in one timeframe: rows of both engines joined, the legacy columns with `` old``."""

    def __init__(
        self, escalation: pl.DataFrame | None, state: pl.DataFrame | None, opens: pl.Series
    ) -> None:
        self._opens = opens.dt.replace_time_zone(None)
        #: ts at which the engines agree on the raw score, which does not depend on eras
        self._agreed = _agreed(escalation)
        self._other_eras = _apart(escalation, "esc_pctl").filter(
            _apart(escalation, "esc_pctl").is_in(self._agreed.implode())
        )
        #: ts of bars that had another close when their legacy state was computed
        self._changed = _apart(state, "metrics.price")
        self._first = self._first_difference(escalation)

    def of(self, table: str, name: str, rows: pl.DataFrame) -> Sequence[str]:
        """The reason for each of ``rows``, in which the column differs."""
        agreed = rows["ts"].is_in(self._agreed.implode())
        eras = agreed if table == BASE else rows["ts"].is_in(self._other_eras.implode())
        changed = rows["ts"].is_in(self._changed.implode())
        last = self._opens[-1]
        unfinished = changed & (rows["ts"] == last)
        if name in _LABELS:
            near = self._opens[-min(_HORIZON + 1, len(self._opens))]
            unfinished = (rows["ts"] >= near) & pl.Series([last in self._changed]).new_from_index(
                0, rows.height
            )
        after = (
            pl.repeat(value=False, n=rows.height, eager=True)
            if self._first is None
            else rows["ts"] >= self._first
        )
        reasons = pl.select(
            pl.when(unfinished)
            .then(pl.lit(UNFINISHED))
            .when(_without_numba(name, rows))
            .then(pl.lit(NO_NUMBA))
            .when(eras & pl.lit(name in _OF_ERAS))
            .then(pl.lit(ERA_MODE))
            .when(agreed & pl.lit(table != BASE))
            .then(pl.lit(STALE))
            .when(after | changed)
            .then(pl.lit(BARS_DIFFER))
            .otherwise(pl.lit(UNEXPLAINED))
        )
        return reasons.to_series().to_list()

    def _first_difference(self, escalation: pl.DataFrame | None) -> object:
        """The first bar that only one engine had, or that had another close in each."""
        here = self._changed.filter(~self._changed.is_in(self._agreed.implode()))
        if escalation is not None:
            missing = self._opens.filter(~self._opens.is_in(escalation["ts"].implode()))
            here = pl.concat([here, missing])
        return here.min()


def _agreed(escalation: pl.DataFrame | None) -> pl.Series:
    if escalation is None:
        return pl.Series("ts", [], pl.Datetime("us"))
    ours, theirs = escalation["esc_raw"], escalation["esc_raw old"].cast(pl.Float64)
    same = ((ours - theirs).abs() <= TOLERANCE) | (ours.is_null() & theirs.is_null())
    return escalation.filter(same.fill_null(value=False))["ts"]


def _apart(table: pl.DataFrame | None, name: str) -> pl.Series:
    """ts at which the engines have different numbers in one column."""
    if table is None:
        return pl.Series("ts", [], pl.Datetime("us"))
    ours, theirs = table[name], table[f"{name} old"].cast(pl.Float64)
    apart = ((ours - theirs).abs() > TOLERANCE).fill_null(value=False)
    return table.filter(apart | (ours.is_null() != theirs.is_null()))["ts"]


def _without_numba(name: str, rows: pl.DataFrame) -> pl.Series:
    """True where the legacy engine ranked a missing value, which it did without numba."""
    if not name.startswith("esc_pctl") or "esc_raw old" not in rows.columns:
        return pl.repeat(value=False, n=rows.height, eager=True)
    return rows["esc_raw old"].is_null() & rows[name].is_null() & rows[f"{name} old"].is_not_null()
