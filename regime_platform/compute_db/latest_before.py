"""What was before the latest states, read from compute.db: the last price, regime and bucket."""

import polars as pl

from regime_platform.compute_db.board import BEFORE_SCHEMA
from regime_platform.compute_db.content import typed_rows
from regime_platform.compute_db.reader import ResultsReader
from regime_platform.model.result_schema import LATEST_SCHEMA
from regime_platform.model.timeframes import TIMEFRAMES

_KEY = {"timeframe": pl.Enum(TIMEFRAMES), "ts": LATEST_SCHEMA["ts"]}
_QUERY = """
WITH states AS (
  SELECT timeframe, s.ts, s.price, s.regime_label, s.escalation_bucket, l.ts AS last,
    l.regime_since AS since, s.escalation_bucket <> l.escalation_bucket AS is_other
  FROM state_history s JOIN latest_state l USING (timeframe)
), others AS (
  SELECT timeframe, max(ts) FILTER (is_other) AS until FROM states GROUP BY timeframe
)
SELECT timeframe, max(last) AS ts,
  arg_max(price, ts) FILTER (ts < last) AS price_before,
  arg_max(regime_label, ts) FILTER (ts < since) AS regime_before,
  arg_max(escalation_bucket, ts) FILTER (is_other) AS bucket_before,
  min(ts) FILTER (until IS NULL OR ts > until) AS bucket_since
FROM states JOIN others USING (timeframe) GROUP BY timeframe
"""


def add_before(reader: ResultsReader, latest: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``latest_state``, and ``BEFORE_SCHEMA`` beside them."""
    relation = reader.connection.sql(_QUERY)
    before = typed_rows(relation, pl.Schema({**_KEY, **BEFORE_SCHEMA}))
    return latest.join(before.drop("ts"), on="timeframe", how="left", maintain_order="left")


def without_before(latest: pl.DataFrame) -> pl.DataFrame:
    """The same columns, all null."""
    return latest.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in BEFORE_SCHEMA.items()
    )
