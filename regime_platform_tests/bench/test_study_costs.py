"""The bench of studies measures what a study of stored symbols costs."""

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.bench.study_costs import cost_per_symbol


def test_a_study_of_stored_symbols_has_a_cost(processed: RunWorkspace) -> None:
    assert cost_per_symbol(processed.settings, "lead-time") > 0
