"""Queries of a compute.db of version 1, which say so."""

from collections.abc import Callable

import polars as pl
import pytest

from regime_platform.errors import OlderVersionWarning
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import history

LEGACY_TABLES = ("escalation_history_v3", "state_history")

Changed = Callable[..., RunWorkspace]


def older_history(
    workspace: RunWorkspace, symbol: str, timeframe: str, **asked: object
) -> pl.DataFrame:
    with pytest.warns(OlderVersionWarning, match="version 1"):
        return history(symbol, timeframe, where=workspace.root.path, **asked)  # type: ignore[arg-type]
