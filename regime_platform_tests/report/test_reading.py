"""What a chart is made of."""

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.charts import small_chart_png
from regime_platform.report.reading import read_symbol


def test_a_symbol_without_results_has_neither_page_nor_chart(processed: RunWorkspace) -> None:
    assert read_symbol(processed, "FB") is None
    assert small_chart_png(processed, "FB") is None
