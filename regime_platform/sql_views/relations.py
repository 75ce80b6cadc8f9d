"""The views of SQL over all symbols, and their columns.

Times are TIMESTAMPs without zone and are UTC, as in compute.db; words are text.
"""

import polars as pl

from regime_platform.compute_db.board import BOARD_SCHEMA
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.result_schema import ESCALATION_SCHEMA, LATEST_SCHEMA, STATE_SCHEMA

BARS, STATES, RANKS = "bars", "state_history", "escalation_history_v3"
LATEST, BOARD, FINDINGS, UNIVERSE = "latest_state", "board", "findings", "universe"

_TEXT, _COUNT = pl.String(), pl.Int64()

FINDING_SCHEMA = pl.Schema(
    {
        **dict.fromkeys(("symbol", "timeframe", "rule", "severity", "unit"), _TEXT),
        **dict.fromkeys(("checked", "count", "accepted"), _COUNT),
        "examples": _TEXT,  # the first rows that break the rule, joined by " | "
        "remedy": _TEXT,  # with its whole command
    }
)
UNIVERSE_SCHEMA = pl.Schema(
    {
        "position": _COUNT,  # in partition order, from 1 on
        **dict.fromkeys(("symbol", "name", "asset_class", "tier", "source", "calendar"), _TEXT),
        **dict.fromkeys(("exchange", "mic_code", "provider_symbol", "type", "venue"), _TEXT),
        "timeframes": _TEXT,  # joined by commas, shortest first
        "delisted": pl.Date(),  # null where it is listed
    }
)


def stored_type(dtype: pl.DataType) -> pl.DataType:
    """How a column of results appears in a view."""
    if isinstance(dtype, pl.Enum):
        return pl.String()
    return pl.Datetime("us") if isinstance(dtype, pl.Datetime) else dtype


def _shown(schema: pl.Schema) -> pl.Schema:
    return pl.Schema({name: stored_type(dtype) for name, dtype in schema.items()})


#: View -> its columns, in order.
VIEWS = {
    BARS: _shown(pl.Schema({"symbol": _TEXT, "timeframe": _TEXT, **BAR_SCHEMA})),
    STATES: _shown(STATE_SCHEMA),
    RANKS: _shown(ESCALATION_SCHEMA),
    LATEST: _shown(LATEST_SCHEMA),
    BOARD: _shown(
        pl.Schema({k: v for k, v in BOARD_SCHEMA.items() if k not in {"made_from", "made_by"}})
    ),
    FINDINGS: FINDING_SCHEMA,
    UNIVERSE: UNIVERSE_SCHEMA,
}


def as_shown(view: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with the columns and types of a view."""
    return frame.select(
        pl.col(name).dt.replace_time_zone(None)
        if isinstance(frame.schema[name], pl.Datetime)
        else pl.col(name).cast(dtype)
        for name, dtype in VIEWS[view].items()
    )
