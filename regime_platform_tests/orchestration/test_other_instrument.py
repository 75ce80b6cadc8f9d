"""In Dagster a symbol that means another instrument is red, with the reason at its gate check."""

import dagster as dg
import pytest

from regime_platform.model.instruments import parse_entry
from regime_platform.model.universe.text import edited
from regime_platform.model.universe.universe import parse_universe
from regime_platform.pipeline.identity import remember
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW
from regime_platform_tests.orchestration.graph import SYMBOLS, green, red, run_listed, run_range

OTHER = "ELM"


@pytest.mark.slow
def test_its_partitions_are_red_with_the_reason_and_the_others_green(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    _repoint_by_hand(processed_eight)

    listed = run_listed(processed_eight, processed_instance, [OTHER, "FIR"], "process_listed")
    ranged = run_range(processed_eight, processed_instance, SYMBOLS)

    for result in (listed, ranged):
        assert not result.success
        (failed,) = [
            check
            for check in result.get_asset_check_evaluations()
            if check.check_name == "gate" and not check.passed
        ]
        assert failed.partition == OTHER
        assert "twelvedata ELM, mic_code XNGS" in str(failed.description)
        assert "twelvedata ELM, mic_code XNYS" in str(failed.description)
        assert "regime universe repoint ELM" in str(failed.description)
    for stage in Stage:
        assert red(processed_eight, processed_instance, stage) == {OTHER}
        assert green(processed_eight, processed_instance, stage) == set(SYMBOLS) - {OTHER}


def _repoint_by_hand(settings: Settings) -> None:
    """As if ELM had been fetched from XNGS and its entry were edited since."""
    path = settings.data_root / "universe.yaml"
    universe = parse_universe(path.read_text(), str(path))
    vendor = {"source": "twelvedata", "provider_symbol": OTHER}
    then, now = (
        parse_entry(
            {**universe.instrument(OTHER).model_dump(mode="json"), **vendor, "mic_code": market}
        )
        for market in ("XNGS", "XNYS")
    )
    remember(RunWorkspace.open(settings).root.symbol(OTHER), then, {}, NOW)
    path.write_text(edited(path.read_text(), {OTHER: now}))
