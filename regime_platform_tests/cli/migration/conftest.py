"""A legacy store of three symbols."""

from pathlib import Path

import polars as pl
import pytest
import yaml

from regime_platform.settings import TRACKED_UNIVERSE
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.migration.old_store import golden
from regime_platform_tests.legacy.stores import (
    legacy_rows,
    write_legacy_days,
    write_legacy_db,
    write_legacy_results,
)


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A legacy store of real bars and results of all tracked symbols."""
    tracked = yaml.safe_load(TRACKED_UNIVERSE.read_text())["instruments"]
    three = [entry for entry in tracked if entry["symbol"] in ("AAPL", "MSFT", "EURUSD")]
    (tmp_path / "three.yaml").write_text(yaml.safe_dump({"instruments": three}))
    monkeypatch.setenv("REGIME_UNIVERSE", str(tmp_path / "three.yaml"))
    place = tmp_path / "old"
    assets = place / "data" / "assets"
    days = golden("msft_1day").with_columns(pl.col("ts").dt.replace_time_zone("UTC"))
    hours = golden("eurusd_1h").with_columns(pl.col("ts").dt.replace_time_zone("UTC"))
    write_legacy_db(assets / "MSFT" / "live.db", legacy_rows("MSFT", "1day", days, word="1d"))
    write_legacy_db(assets / "AAPL" / "live.db", legacy_rows("AAPL", "1day", make_bars(300)))
    write_legacy_db(
        assets / "EURUSD" / "live.db", legacy_rows("EURUSD", "1h", hours, "FX", "1hour")
    )
    write_legacy_days(assets / "MSFT" / "bars" / "1day", "1day", days[:60])
    write_legacy_results(assets / "MSFT" / "compute.db")
    return place
