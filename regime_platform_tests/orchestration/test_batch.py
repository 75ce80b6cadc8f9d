"""Failed symbols affect no other and are reported with reason and remedy."""

from collections.abc import Mapping

import dagster as dg
import pytest

from regime_platform.compute_db.board import read_board
from regime_platform.orchestration.batch import report_symbols
from regime_platform.orchestration.run_scope import RunScope
from regime_platform.pipeline import run
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.orchestration.graph import (
    BARS,
    SYMBOLS,
    failure_text,
    green,
    red,
    run_range,
)
from regime_platform_tests.scenario import serve, with_value

#: symbol -> status, stage, and words of the reason
WRONG: Mapping[str, tuple[str, Stage, str]] = {
    "BIRCH": ("failed", Stage.RAW_BARS, "BIRCH"),  # its source has nothing of that name
    "CEDAR": ("blocked", Stage.VALIDATED_BARS, "high_low_order rejected 1 bar"),
    "ELM": ("failed", Stage.VALIDATED_BARS, "verdict.json is damaged"),
    "LARCH": ("failed", Stage.RAW_BARS, "check the disk or the folder"),
}
GOOD = [symbol for symbol in SYMBOLS if symbol not in WRONG]


@pytest.fixture
def troubled(processed_eight: Settings) -> Settings:
    """New bars for all of the eight, and four of them in trouble."""
    assert processed_eight.files_root is not None
    for seed, symbol in enumerate(SYMBOLS):
        bars = make_bars(BARS + 5, seed=seed)
        serve(
            processed_eight,
            symbol,
            "1day",
            with_value(bars, BARS + 2, high=1.0) if symbol == "CEDAR" else bars,
        )
    assets = processed_eight.data_root / "assets"
    (processed_eight.files_root / "BIRCH" / "1day.parquet").unlink()
    (assets / "ELM" / "verdict.json").write_text("{")
    (assets / "LARCH").rename(assets.parent / "LARCH")
    (assets / "LARCH").write_text("a file where the folder should be")
    return processed_eight


@pytest.mark.slow
def test_a_ranged_run_turns_exactly_them_red_and_says_why(
    troubled: Settings, processed_instance: dg.DagsterInstance
) -> None:
    result = run_range(troubled, processed_instance, SYMBOLS)

    message = failure_text(result)
    assert "4 of 8 symbols failed" in message
    for symbol, (status, stage, reason) in WRONG.items():
        assert f"{symbol} ({status} at {stage}: " in message
        assert reason in message
    assert red(troubled, processed_instance, Stage.COMPUTE_DB) == set(WRONG)
    assert green(troubled, processed_instance, Stage.COMPUTE_DB) == set(GOOD)
    assert red(troubled, processed_instance, Stage.RAW_BARS) == {"BIRCH", "LARCH"}
    checks = {
        asset_check_evaluation.partition: asset_check_evaluation
        for asset_check_evaluation in result.get_asset_check_evaluations()
        if asset_check_evaluation.check_name == "gate" and not asset_check_evaluation.passed
    }
    assert set(checks) == {"CEDAR", "ELM"}
    assert "damaged" in (checks["ELM"].description or "")
    board = read_board(RunWorkspace.open(troubled).root)
    held_back = dict(board.select("symbol", "held_back").iter_rows())
    assert {symbol for symbol, reason in held_back.items() if reason} == set(WRONG)
    assert all(reason in held_back[symbol] for symbol, (_, _, reason) in WRONG.items())


@pytest.mark.slow
@pytest.mark.usefixtures("prepared_workers")
def test_the_same_by_processes_of_their_own(
    troubled: Settings, processed_instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "WORTH_PROCESSES", 1)
    workspace = RunWorkspace.open(troubled)
    scope = RunScope(
        processed_instance, workspace.universe.instruments, frozenset(Stage), frozenset(), False
    )
    made: list[str] = []
    events = report_symbols(workspace, scope, NOW, lambda outcome: made.append(outcome.symbol))

    with pytest.raises(dg.Failure) as ended:
        list(events)

    assert made == list(SYMBOLS)
    message = str(ended.value.description)
    for symbol, (status, stage, reason) in WRONG.items():
        assert f"{symbol} ({status} at {stage}: " in message
        assert reason in message


@pytest.mark.slow
def test_damaged_files_of_any_kind_turn_exactly_their_partitions_red(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    assets = processed_eight.data_root / "assets"
    (assets / "BIRCH" / "compute_manifest.json").write_text("[1, 2]")
    (assets / "CEDAR" / "manifest.json").write_text("")
    (assets / "ELM" / "verdict.json").write_text('{"series": ["x"]}')
    database = assets / "LARCH" / "compute.db"
    database.unlink()
    database.mkdir()

    result = run_range(processed_eight, processed_instance, SYMBOLS)

    reasons = failure_text(result)
    assert "4 of 8 symbols failed" in reasons
    assert red(processed_eight, processed_instance, Stage.MANIFESTS) == set(WRONG)
    assert green(processed_eight, processed_instance, Stage.MANIFESTS) == set(GOOD)
    board = read_board(RunWorkspace.open(processed_eight).root)
    held_back = dict(board.select("symbol", "held_back").iter_rows())
    assert {symbol for symbol, reason in held_back.items() if reason} == set(WRONG)
    assert "compute.db is a folder where a file belongs" in held_back["LARCH"]
