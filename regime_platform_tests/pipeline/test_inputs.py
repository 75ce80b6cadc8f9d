"""The inputs of a symbol's results: its bars in force, verified, and what the lineage states."""

import pytest

from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.pipeline.results import Inputs
from regime_platform.pipeline.run_workspace import RunWorkspace


@pytest.fixture
def inputs(processed: RunWorkspace) -> Inputs:
    paths = processed.root.symbol("MSFT")
    verdict = read_verdict(paths)
    assert verdict is not None
    instrument = processed.universe.instrument("MSFT")
    return Inputs(instrument, paths, verdict.promoted, FIXED_ERAS, processed.params)


def test_the_lineage_states_the_bars_that_were_used(inputs: Inputs) -> None:
    bars, _ = inputs.bars("1day")

    lineage = inputs.lineage("1day", inputs.computed("1day", bars))

    assert lineage.bars == bars.height
    assert lineage.bars_digest == inputs.promoted["1day"].digest
    assert (lineage.status, lineage.escalation_rows) == ("complete", bars.height)


def test_a_timeframe_without_bars_has_a_lineage_with_the_reason(inputs: Inputs) -> None:
    lineage = inputs.lineage("1week", None)

    assert (lineage.bars, lineage.status) == (0, "no_bars")
    assert "no canonical bars" in lineage.reason
