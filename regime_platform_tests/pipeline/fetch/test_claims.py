"""Two processes that fetch the same symbols request no page twice, and skip none."""

import datetime as dt
import threading
from collections import Counter
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.claims import Claims
from regime_platform.pipeline.fetch.ingest import Batches
from regime_platform.pipeline.outcomes import Stage, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform.sources.protocol import WindowSource
from regime_platform_tests.error_codes import raises
from regime_platform_tests.pipeline.vendor_street import list_stock, stock_bars, vendor_settings
from regime_platform_tests.vendor import LoopbackVendor

START = dt.datetime(2026, 8, 3, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 21, 2, tzinfo=dt.UTC)
NAMES = ("AAA", "BBB", "CCC")
FRAMES = ("1h", "1day", "1week")


def backfill(settings: Settings, on_credits: object = None) -> list[SymbolOutcome]:
    workspace = RunWorkspace.open(settings)
    instruments = workspace.universe.instruments
    request = FetchRequest(NOW, is_backfill=True, on_credits=on_credits)  # type: ignore[arg-type]
    batches = Batches(workspace, instruments, request, FRAMES)
    source = workspace.sources["twelvedata"]
    assert isinstance(source, WindowSource)
    source.most_rows = 300  # several pages
    stages = (Stage.RAW_BARS,)
    return list(run_symbols(workspace, instruments, NOW, stages=stages, batches=batches))


@pytest.mark.slow
def test_the_second_of_two_backfills_takes_others_first_and_finds_nothing_missing(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    for seed, name in enumerate(NAMES):
        for frame in FRAMES:
            list_stock(vendor, name, frame, stock_bars(frame, START, NOW, seed))
    backfill(vendor_settings(tmp_path / "alone", vendor, NAMES, tier="core"))
    least = len(vendor.questions)
    vendor.questions.clear()
    settings = vendor_settings(tmp_path / "both", vendor, NAMES, tier="core")
    second: list[SymbolOutcome] = []
    other = threading.Thread(target=lambda: second.extend(backfill(settings)))
    has_begun = False

    def begin_the_other(_credits: int) -> None:
        nonlocal has_begun
        if not has_begun:
            has_begun = True
            other.start()

    first = backfill(settings, begin_the_other)
    other.join()

    assert len(vendor.questions) == least > 9
    asked = Counter(
        (question.path, *sorted(question.params.items())) for question in vendor.questions
    )
    assert max(asked.values()) == 1
    for outcomes in (first, second):
        assert sorted(outcome.symbol for outcome in outcomes) == list(NAMES)
    assert second[0].symbol != first[0].symbol == "AAA"
    assert all(outcome.status.is_good for outcome in (*first, *second))


def test_a_claim_is_refused_at_once_or_after_the_patience_and_free_after_its_release(
    tmp_path: Path,
) -> None:
    paths = SymbolPaths(tmp_path / "AAA")
    first, second = Claims(), Claims()
    assert first.take(paths, 0.0)

    assert not second.take(paths, 0.0)
    with raises(BarsError, "being-fetched", match="AAA is being fetched by process"):
        second.take(paths, 0.01)
    first.release("AAA")

    assert second.take(paths, 0.0)
