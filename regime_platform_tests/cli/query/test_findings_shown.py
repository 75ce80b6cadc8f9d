"""Findings are shown by run, board, state and page, with their counts in JSON."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from regime_platform.bar_store.parquet import encode_sealed
from regime_platform.compute_db.board import read_board
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.views import read_symbol
from regime_platform.settings import Settings
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.cli.conftest import Regime, document_of
from regime_platform_tests.scenario import fingerprint, serve, street, with_value

SYMBOLS = ("AAA", "BBB")
WEEKS = make_bars(420, "1week", seed=1)
SPLIT_AT = 300
COMMAND = "`regime actions add AAA split 2013-02-25 2:1 --reason TEXT`"


def _doubled_before(bars: pl.DataFrame, row: int) -> pl.DataFrame:
    """Prices before ``row`` twice as high, as before a split that they are not adjusted for."""
    factor = pl.when(pl.int_range(pl.len()) < row).then(2.0).otherwise(1.0)
    return bars.with_columns(pl.col("open", "high", "low", "close") * factor)


@pytest.fixture(scope="module")
def _run_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AAA has a possible split in its days, and BBB a bad day and good weeks."""
    folder = tmp_path_factory.mktemp("findings")
    settings = street(folder, SYMBOLS)
    serve(settings, "AAA", "1day", _doubled_before(make_bars(420, seed=2), SPLIT_AT))
    serve(settings, "BBB", "1day", with_value(make_bars(420), 300, low=1e6))
    serve(settings, "BBB", "1week", WEEKS)
    workspace = RunWorkspace.open(settings)
    outcomes = run_symbols(workspace, workspace.universe.instruments, LONG_AFTER)
    refresh_board(workspace, list(outcomes))
    return folder


@pytest.fixture
def served(_run_once: Path, tmp_path: Path) -> Settings:
    """Both after a run."""
    shutil.copytree(_run_once, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, SYMBOLS)


def test_a_run_shows_counts_and_the_command_of_a_possible_split(
    served: Settings, regime: Regime
) -> None:
    ran = regime("run", "--all", settings=served)

    lines = {line.split()[0]: line for line in ran.out.splitlines()}

    assert ran.code == 3
    assert COMMAND in lines["AAA"]
    assert lines["AAA"].split()[5].startswith("0/")
    assert lines["BBB"].split()[5].startswith("1/")
    assert "1 error, " in ran.err
    assert "`regime validate --all` lists them" in ran.err


def test_the_json_of_a_run_has_typed_counts_by_series(served: Settings, regime: Regime) -> None:
    document = document_of(regime("run", "--all", "--json", settings=served))

    first, second = document["symbols"]
    days = first["findings"]["1day"]
    assert (days["errors"], days["rules"]["unadjusted_split"]) == (0, 1)
    assert days["warnings"] == sum(days["rules"].values())
    assert COMMAND in first["questions"]["1day"]
    assert second["findings"]["1day"]["rules"]["high_low_order"] == 1
    assert list(second["left_out"]) == ["1day"]
    assert document["findings"]["errors"] == 1
    assert document["exit_code"] == 3


def test_a_partly_blocked_symbol_alone_ends_with_3(served: Settings, regime: Regime) -> None:
    ends = [regime(command, "BBB", settings=served).code for command in ("run", "compute")]

    assert ends == [3, 3]


def test_the_state_shows_them_and_what_the_mean_leaves_out(
    served: Settings, regime: Regime
) -> None:
    split, blocked = (regime("state", symbol, settings=served) for symbol in ("AAA", "BBB"))
    document = document_of(regime("state", "BBB", "--json", settings=served))

    assert "1day: " in split.out
    assert "unadjusted_split 1" in split.out
    assert "`regime validate AAA` lists them" in split.out
    assert COMMAND in split.out
    assert "the mean escalation leaves out 1day" in blocked.out
    assert document["1week"]["left_out"]["1day"].startswith("1day: high_low_order rejected 1 bar")
    assert document["1week"]["findings"]["errors"] == 0


def test_the_board_has_counts_and_the_block_of_each_series(
    served: Settings, regime: Regime
) -> None:
    shown = regime("board", "--by-timeframe", settings=served)
    rows = {
        (row["symbol"], row["timeframe"]): row
        for row in json.loads(regime("board", "--by-timeframe", "--json", settings=served).out)
    }

    assert "e/w: errors/warnings" in shown.out
    assert "BBB: the mean escalation leaves out 1day" in shown.err
    days, weeks = rows["BBB", "1day"], rows["BBB", "1week"]
    assert (days["gate"], days["is_left_out"], days["errors"]) == ("blocked", True, 1)
    assert days["gate_reason"].startswith("1day: high_low_order rejected 1 bar")
    assert (weeks["gate"], weeks["gate_reason"], weeks["is_left_out"]) == ("passed", None, False)
    assert rows["AAA", "1day"]["warnings"] > 0


def test_the_page_shows_the_command_and_what_the_mean_leaves_out(served: Settings) -> None:
    workspace = RunWorkspace.open(served)
    notes = {}
    for symbol in ("AAA", "BBB"):
        instrument, paths = workspace.find(symbol)
        view = read_symbol(paths, instrument)
        assert view is not None
        notes[symbol] = "\n".join(view.notes)

    assert COMMAND in notes["AAA"]
    assert "unadjusted_split 1" in notes["AAA"]
    assert "newer bars are blocked by the gate: 1day: high_low_order" in notes["BBB"]
    assert "the mean escalation leaves out 1day" in notes["BBB"]


def test_an_accepted_finding_is_counted_apart(served: Settings, regime: Regime) -> None:
    before = document_of(regime("state", "AAA", "--json", settings=served))["1day"]["findings"]
    words = ("AAA", "1day", "2013-02-25", "--rule", "unadjusted_split", "--reason", "no split")
    assert regime("bars", "accept", *words, settings=served).code == 0
    regime("run", "AAA", settings=served)

    after = document_of(regime("state", "AAA", "--json", settings=served))["1day"]

    assert after["findings"]["warnings"] == before["warnings"] - 1
    assert after["findings"]["accepted"] == before["accepted"] + 1
    assert after["question"] == ""


def test_a_board_of_an_earlier_release_gets_the_counts_by_the_next_run(
    served: Settings, regime: Regime
) -> None:
    root = RunWorkspace.open(served).root
    regime("run", "--all", settings=served)  # what fetches recorded names the folder, a copy
    whole = read_board(root)
    words = pl.col("timeframe").cast(pl.String)
    root.board.write_bytes(encode_sealed(whole.drop("warnings").with_columns(words)))
    assert read_board(root)["warnings"].null_count() == whole.height
    before = fingerprint(served.data_root / "assets")

    assert regime("verify", "AAA", settings=served).code == 0
    regime("run", "--all", settings=served)

    assert read_board(root).equals(whole)
    assert fingerprint(served.data_root / "assets") == before
