"""`regime migrate`: the runbook works from first to last, and its reports can be read."""

import json
import re
import shlex
from pathlib import Path

import polars as pl
import pytest
import yaml

from regime_platform.cli.console.screen import plural
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.settings import PROJECT_ROOT, TRACKED_UNIVERSE
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.legacy.comparison.test_compare_compute import GOLDEN, old_results
from regime_platform_tests.legacy_stores import old_rows, write_old_days, write_old_db
from regime_platform_tests.scenario import fingerprint

RUNBOOK = (PROJECT_ROOT / "docs" / "migration.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", RUNBOOK, flags=re.DOTALL)
    for line in block.splitlines()
]


def golden(name: str) -> pl.DataFrame:
    return pl.read_parquet(GOLDEN / f"{name}.bars.parquet").select(BAR_COLUMNS).drop_nulls("close")


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of real bars as the old engine left it, results included, of all that is followed."""
    tracked = yaml.safe_load(TRACKED_UNIVERSE.read_text())["instruments"]
    followed = [one for one in tracked if one["symbol"] in ("AAPL", "MSFT", "EURUSD")]
    (tmp_path / "three.yaml").write_text(yaml.safe_dump({"instruments": followed}))
    monkeypatch.setenv("REGIME_UNIVERSE", str(tmp_path / "three.yaml"))
    place = tmp_path / "old"
    assets = place / "data" / "assets"
    days = golden("msft_1day").with_columns(pl.col("ts").dt.replace_time_zone("UTC"))
    hours = golden("eurusd_1h").with_columns(pl.col("ts").dt.replace_time_zone("UTC"))
    write_old_db(assets / "MSFT" / "live.db", old_rows("MSFT", "1day", days, word="1d"))
    write_old_db(assets / "AAPL" / "live.db", old_rows("AAPL", "1day", make_bars(300)))
    write_old_db(assets / "EURUSD" / "live.db", old_rows("EURUSD", "1h", hours, "FX", "1hour"))
    write_old_days(assets / "MSFT" / "bars" / "1day", "1day", days[:60])
    old_results(assets / "MSFT" / "compute.db")
    return place


def test_every_command_of_the_runbook_runs_in_its_order(
    regime: Regime, old: Path, tmp_path: Path
) -> None:
    before = fingerprint(old)
    told = {}
    for command in COMMANDS:
        words = shlex.split(command.replace("$OLD", str(old)))
        assert words[0] == "regime"

        ended = regime(*words[1:])

        assert ended.code == 0, f"{command}\n{ended.out}\n{ended.err}"
        told.setdefault(command, ended.out)

    assert fingerprint(old) == before
    spot = told["regime migrate live AAPL MSFT EURUSD --from $OLD"]
    assert "unchanged" in spot
    assert "every row accounted for" in spot
    assert "different: none" in told["regime migrate compare-compute MSFT --from $OLD"]
    assert "bars-v1" in told["regime migrate list"]
    assert "1,551" in Path("spot.html").read_text()
    assert len(COMMANDS) > 12
    records = [path.name for path in (tmp_path / "data" / "migrations").iterdir()]
    assert [record.startswith("bars-v1-") for record in records] == [True]


def test_a_dry_run_tells_what_is_there_and_writes_nothing(
    regime: Regime, old: Path, tmp_path: Path
) -> None:
    ended = regime("migrate", "live", "--all", "--from", str(old), "--dry-run", "--json")

    told = json.loads(ended.out)
    assert (ended.code, told["files"], told["rows"]) == (0, 3, 1551 + 300 + 1000)
    assert {series["symbol"] for series in told["series"]} == {"AAPL", "MSFT", "EURUSD"}
    assert not (tmp_path / "data").exists()


def test_json_and_page_tell_totals_and_the_row_that_blocks(regime: Regime, tmp_path: Path) -> None:
    bars = make_bars(300)
    rows = old_rows("MSFT", "1day", bars)
    rows[7] = (*rows[7][:3], -1.0, *rows[7][4:])
    place = write_old_db(tmp_path / "old" / "live.db", rows).parent

    ended = regime("migrate", "live", "MSFT", "--from", str(place), "--html", "m.html", "--json")

    told = json.loads(ended.out)
    assert ended.code == told["exit_code"] == 1
    assert told["total"]["rejected"] == {"non_positive_price": 1}
    assert (told["total"]["waiting"], told["total"]["adds_up"]) == (299, True)
    assert "non_positive_price 1" in Path("m.html").read_text()
    assert plural(300, "row") in regime("migrate", "live", "MSFT", "--from", str(place)).out


@pytest.mark.parametrize("kind", ["live", "frozen"])
def test_asking_compute_for_an_old_store_names_the_command(regime: Regime, kind: str) -> None:
    ended = regime("compute", "MSFT", "--input", kind)

    assert ended.code == 2
    assert f"regime migrate {kind} " in ended.err


def test_a_place_without_an_old_store_is_wrong_usage(regime: Regime, tmp_path: Path) -> None:
    ended = regime("migrate", "live", "MSFT", "--from", str(tmp_path / "nowhere"))

    assert ended.code == 2
    assert "--from" in ended.err
