"""What the pages of a symbol show of its results: the regime now, and the picture of it."""

from collections.abc import Mapping

from regime_platform.compute_db.reader import read_table
from regime_platform.model.series import iso
from regime_platform.orchestration.events.tables import when
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.report.charts import small_chart_png

#: Heading -> column, the headings of the board.
_SHOWN = {
    "regime": "regime_label",
    "confidence": "confidence",
    "escalation": "esc_pctl",
    "bucket": "escalation_bucket",
    "hazard": "hazard_score",
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


def chart(workspace: RunWorkspace, symbol: str) -> bytes | None:
    """A PNG of about 2 kB of price over regime; None where the symbol has no results."""
    return small_chart_png(workspace, symbol)


def _short(cell: object) -> object:
    return round(cell, 4) if isinstance(cell, float) else cell
