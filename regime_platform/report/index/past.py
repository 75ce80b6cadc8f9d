"""What the index shows of the past of all symbols, asked of the views of ``sql_views``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from regime_platform.query.flips import Flip, flip
from regime_platform.report.flip_text import flip_words
from regime_platform.report.index.breadth import Breadth, breadth
from regime_platform.report.palette import BUCKET_COLOURS, REGIME_COLOURS, readable

Series = tuple[str, str]  # symbol and timeframe
#: Table and column of a kind of state, its title, and its values from below: the risky ones are at
#: the top, where they are seen first.
_KINDS = (
    ("state_history", "regime_label", "Regimes", tuple(reversed(list(REGIME_COLOURS)))),
    (
        "escalation_history_v3",
        "esc_bucket",
        "Escalation",
        tuple(bucket for bucket in BUCKET_COLOURS if bucket != "NA"),
    ),
)
#: Between two bars a symbol has the state of the first, but for no more than this many days.
_VALID = 10
_BY_MONTH = """
WITH month_ends AS (
  SELECT symbol, CAST(date_trunc('month', ts) AS DATE) AS day, arg_max({value}, ts) AS value
  FROM {view} WHERE timeframe = '1day' AND {value} IS NOT NULL GROUP BY ALL
)
SELECT day, value, count(*) AS symbols FROM month_ends GROUP BY ALL
"""
_BY_DAY = """
WITH newest AS (
  SELECT max(CAST(ts AS DATE)) AS date FROM {view} WHERE timeframe = '1day'
), recent AS (
  SELECT symbol, CAST(ts AS DATE) AS date, {value} AS value
  FROM {view}, newest
  WHERE timeframe = '1day' AND {value} IS NOT NULL AND ts > newest.date - INTERVAL 380 DAY
), days AS (
  SELECT DISTINCT recent.date AS day FROM recent, newest
  WHERE isodow(recent.date) < 6 AND recent.date > newest.date - INTERVAL 366 DAY
), grid AS (
  SELECT day, symbol FROM days CROSS JOIN (SELECT DISTINCT symbol FROM recent)
)
SELECT day, value, count(*) AS symbols
FROM grid ASOF JOIN recent ON grid.symbol = recent.symbol AND grid.day >= recent.date
WHERE day - date < {valid} GROUP BY ALL
"""
_BARS = """
WITH months AS (
  SELECT symbol, CAST(date_trunc('month', ts) AS DATE) AS month, count(*) AS bars,
    min(ts) AS first, max(ts) AS last
  FROM bars WHERE timeframe = '1day' GROUP BY ALL
)
SELECT symbol, list(month ORDER BY month) AS month, list(bars ORDER BY month) AS bars,
  min(first) AS first, max(last) AS last
FROM months GROUP BY symbol
"""
_FLIPS = """
SELECT states.*
FROM board JOIN state_history AS states
  ON states.symbol = board.symbol AND states.timeframe = board.timeframe
  AND states.ts <= board.regime_since AND states.ts > board.regime_since - INTERVAL 21 DAY
WHERE CAST(board.regime_since AS DATE) = CAST(board.last_ts AS DATE)
QUALIFY row_number() OVER (PARTITION BY states.symbol, states.timeframe ORDER BY states.ts DESC) < 3
ORDER BY states.symbol, states.timeframe, states.ts
"""


@dataclass(frozen=True)
class Past:
    """The past of all symbols."""

    #: By title, the last year by day and all years by month; of a kind without values none.
    breadth: Sequence[tuple[str, Sequence[Breadth]]]
    bars: pl.DataFrame  # what `coverage` takes
    why: Mapping[Series, str]  # why the regimes began that did on the date of the last bar


def read_past(views: duckdb.DuckDBPyConnection) -> Past:
    """Asks the views; a few seconds of a core for 1,565 symbols."""
    shown = []
    for view, value, title, order in _KINDS:
        year = _rows(views, _BY_DAY.format(view=view, value=value, valid=_VALID))
        months = _rows(views, _BY_MONTH.format(view=view, value=value))
        both = (
            breadth("the last year, by day", year, order),
            breadth("all years, by month", months, order),
        )
        shown.append((title, [each for each in both if each is not None]))
    zoned = pl.col("first", "last").dt.replace_time_zone("UTC")
    return Past(shown, _rows(views, _BARS).with_columns(zoned), _why(views))


def _why(views: duckdb.DuckDBPyConnection) -> Mapping[Series, str]:
    bars = _rows(views, _FLIPS).partition_by("symbol", "timeframe", as_dict=True)
    return {(str(key[0]), str(key[1])): _reason(flip(rows)) for key, rows in bars.items()}


def _reason(began: Flip) -> str:
    """Why, without the regime before, which is shown beside it."""
    return flip_words(began).removeprefix(f"after {readable(began.previous)}").removeprefix(": ")


def _rows(views: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    return pl.DataFrame(views.sql(query).to_arrow_table())
