"""The small chart of a symbol."""

import zlib

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.small_chart import small_chart_png
from regime_platform.report.views import read_symbol


def test_the_small_chart_is_small_and_a_png(processed: RunWorkspace) -> None:
    png = small_chart_png(processed.root.symbol("SYNTH"))

    assert png is not None
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(png) < 6_000
    body = png[png.index(b"IDAT") + 4 : png.index(b"IEND") - 8]
    assert len(zlib.decompress(body)) == 160 * (480 + 1)


def test_a_symbol_without_results_has_neither_page_nor_chart(processed: RunWorkspace) -> None:
    instrument, paths = processed.find("FB")

    assert read_symbol(paths, instrument, processed.eras) is None
    assert small_chart_png(paths) is None
