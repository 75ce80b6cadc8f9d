"""The check ``findings`` warns of what the gate found, and is reported where that has changed."""

from typing import Any

import dagster as dg
import polars as pl
import pytest

from regime_platform.orchestration.events.findings import findings_result
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.graph import BARS, run_listed
from regime_platform_tests.scenario import serve, with_value

FIR = make_bars(BARS, seed=4)
NAME = "findings"


def _jump(bars: pl.DataFrame, row: int) -> pl.DataFrame:
    """All prices of a bar 82 times as high."""
    prices = {name: 82 * bars[name][row] for name in ("open", "high", "low", "close")}
    return with_value(bars, row, **prices)


def _findings(result: dg.ExecuteInProcessResult) -> list[dg.AssetCheckEvaluation]:
    return [each for each in result.get_asset_check_evaluations() if each.check_name == NAME]


def _rows(check: dg.AssetCheckEvaluation) -> dict[str, dict[str, Any]]:
    rows = check.metadata["findings"]
    assert isinstance(rows, dg.TableMetadataValue)
    return {str(row.data["rule"]): dict(row.data) for row in rows.records}


@pytest.fixture
def jumped(eight: Settings) -> Settings:
    """FIR jumps to 82 times its price for a day."""
    serve(eight, "FIR", "1day", _jump(FIR, 300))
    return eight


@pytest.mark.slow
def test_a_jump_of_a_passed_symbol_is_a_warning_until_it_is_corrected(
    jumped: Settings, instance: dg.DagsterInstance
) -> None:
    first = run_listed(jumped, instance, ["FIR"], "process_listed")
    forced = run_listed(jumped, instance, ["FIR"], "recompute", force=True)
    serve(jumped, "FIR", "1day", FIR)
    corrected = run_listed(jumped, instance, ["FIR"], "process_listed")

    assert first.success
    (check,) = _findings(first)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.partition == "FIR"
    rows = _rows(check)
    assert rows["price_jump"]["severity"] == "warning"
    assert rows["price_jump"]["count"] == 2  # there and back
    assert str(FIR["ts"][300].date()) in rows["price_jump"]["first examples"]
    assert rows["price_jump"]["remedy"]
    assert check.metadata["errors"].value == 0
    assert check.metadata["warnings"].value == sum(row["count"] for row in rows.values())
    assert "price_jump 2" in (check.description or "")
    assert _findings(forced) == []
    assert "price_jump" not in _rows(_findings(corrected)[0])


@pytest.mark.slow
def test_an_error_is_among_them_and_the_block_repeated_is_not_reported_again(
    eight: Settings, instance: dg.DagsterInstance
) -> None:
    serve(eight, "FIR", "1day", with_value(FIR, 300, high=1.0))

    first, second = (run_listed(eight, instance, ["FIR"], "process_listed") for _ in range(2))

    (check,) = _findings(first)
    assert check.metadata["errors"].value == 1
    assert _rows(check)["high_low_order"]["remedy"].startswith("correct")
    assert _findings(second) == []


def test_nothing_is_reported_before_the_gate_has_validated(eight: Settings) -> None:
    outcome = SymbolOutcome("FIR", Status.UNCHANGED, Stage.RAW_BARS)

    assert findings_result(RunWorkspace.open(eight), outcome) is None
