"""What is shown of the latest states of a compute.db, with what was before and their ranks' basis.

As plain values, which a run hands on: frames of one or two rows cost more than the queries.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from regime_platform.compute_db.board import BEFORE_SCHEMA, SHOWN
from regime_platform.compute_db.rank_basis import basis_row, latest_bases
from regime_platform.compute_db.reader import ResultsReader
from regime_platform.manifests.compute_manifest import Lineage
from regime_platform.model.timeframes import TIMEFRAMES

#: Timeframe -> its latest state: ``ts``, ``SHOWN``, ``BEFORE_SCHEMA`` and ``BASIS_SCHEMA``.
LatestShown = Mapping[str, Mapping[str, Any]]

_COLUMNS = ("timeframe", "ts", *SHOWN, *BEFORE_SCHEMA)
_QUERY = f"""
WITH states AS (
  SELECT timeframe, s.ts, s.price, s.regime_label, s.escalation_bucket, l.ts AS last,
    l.regime_since AS since, s.escalation_bucket <> l.escalation_bucket AS is_other
  FROM state_history s JOIN latest_state l USING (timeframe)
), others AS (
  SELECT timeframe, max(ts) FILTER (is_other) AS until FROM states GROUP BY timeframe
), before AS (
  SELECT timeframe,
    arg_max(price, ts) FILTER (ts < last) AS price_before,
    arg_max(regime_label, ts) FILTER (ts < since) AS regime_before,
    arg_max(escalation_bucket, ts) FILTER (is_other) AS bucket_before,
    min(ts) FILTER (until IS NULL OR ts > until) AS bucket_since
  FROM states JOIN others USING (timeframe) GROUP BY timeframe
)
SELECT {", ".join(_COLUMNS)} FROM latest_state LEFT JOIN before USING (timeframe)
"""  # noqa: S608 - own names


def latest_shown(reader: ResultsReader, lineage: Lineage) -> LatestShown:
    """The latest states, shortest timeframe first; ``lineage`` is that of the file."""
    bases = latest_bases(reader, lineage)
    rows = {}
    for values in reader.connection.execute(_QUERY).fetchall():
        row = {name: _aware(value) for name, value in zip(_COLUMNS, values, strict=True)}
        rows[row["timeframe"]] = {**row, **basis_row(bases.get(row["timeframe"]))}
    return {name: rows[name] for name in TIMEFRAMES if name in rows}


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) else value
