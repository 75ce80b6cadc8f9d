"""The latest regimes of a symbol as rows of event metadata."""

from collections.abc import Mapping

from regime_platform.compute_db.reader import read_table
from regime_platform.model.instants import iso
from regime_platform.orchestration.events.tables import when
from regime_platform.pipeline.run_workspace import RunWorkspace

#: Heading -> column of latest_state.
_SHOWN = {
    "regime": "regime_label",
    "confidence": "confidence",
    "escalation": "esc_pctl",
    "bucket": "escalation_bucket",
    "score": "hazard_score",  # the escalation score
}


def latest_regimes(workspace: RunWorkspace, symbol: str) -> list[Mapping[str, object]]:
    """One row per timeframe; none where the symbol has no results."""
    path = workspace.root.symbol(symbol).compute_db
    if not path.exists():
        return []
    return [
        {
            "timeframe": str(row["timeframe"]),
            "last bar": when(iso(row["ts"]), row["timeframe"]),
            "since": when(iso(row["regime_since"]), row["timeframe"]),
            **{heading: _short(row[name]) for heading, name in _SHOWN.items()},
        }
        for row in read_table(path, "latest_state").iter_rows(named=True)
    ]


def _short(cell: object) -> object:
    return round(cell, 4) if isinstance(cell, float) else cell
