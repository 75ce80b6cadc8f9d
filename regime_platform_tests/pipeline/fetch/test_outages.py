"""A vendor that is down ends a run after a few requests; all symbols are shown, none is lost."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from werkzeug import Response

from regime_platform.errors import RunEndingError, UnresponsiveError
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.pipeline.vendor_street import list_stock, stock_bars, vendor_settings
from regime_platform_tests.vendor import DAY_SPENT, LoopbackVendor, error_answer

START = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 21, 2, tzinfo=dt.UTC)
NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")
#: One request with a repetition, as tests have it, and three without.
UNTIL_THE_END = 5
FRAMES = {"daily": ("1day", "1week"), "core": ("15min", "1h", "4h", "1day", "1week")}


def down(times: int) -> list[Response]:
    return [error_answer(503, "overloaded") for _ in range(times)]


def listed(folder: Path, vendor: LoopbackVendor, tier: str = "daily") -> Settings:
    settings = vendor_settings(folder, vendor, NAMES, tier=tier, REGIME_WORKERS=1)
    for seed, name in enumerate(NAMES):
        for frame in FRAMES[tier]:
            list_stock(vendor, name, frame, stock_bars(frame, START, NOW, seed))
    return settings


def run(
    settings: Settings, now: dt.datetime = NOW, stages: Sequence[Stage] = (Stage.RAW_BARS,)
) -> tuple[list[SymbolOutcome], Exception | None]:
    workspace = RunWorkspace.open(settings)
    outcomes, instruments = [], workspace.universe.instruments
    try:
        for outcome in run_symbols(workspace, instruments, now, stages=stages):
            outcomes.append(outcome)  # noqa: PERF402 - outcomes before an error are kept
    except RunEndingError as error:
        return outcomes, error
    return outcomes, None


def sent(outcomes: list[SymbolOutcome]) -> tuple[int, int]:
    series = [each for outcome in outcomes if outcome.ingest for each in outcome.ingest.series]
    return sum(each.requests for each in series), sum(each.credits for each in series)


def test_a_dead_vendor_ends_the_run_and_the_next_one_asks_again(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = listed(tmp_path, vendor)
    vendor.answer_next(*down(100))

    outcomes, error = run(settings)

    assert isinstance(error, UnresponsiveError)
    assert len(vendor.questions) == UNTIL_THE_END
    assert sent(outcomes) == (UNTIL_THE_END, UNTIL_THE_END)
    assert [outcome.symbol for outcome in outcomes] == list(NAMES)
    assert [outcome.status for outcome in outcomes] == [
        *[Status.FAILED] * 2,
        *[Status.NOT_REACHED] * 4,
    ]
    assert all("503: overloaded" in outcome.reason for outcome in outcomes)

    vendor.forget_script()
    healthy, error = run(settings)

    assert error is None
    assert [outcome.status for outcome in healthy] == [Status.DONE] * len(NAMES)

    vendor.answer_next(*down(100))
    vendor.questions.clear()
    batches, error = run(settings, NOW + dt.timedelta(days=3))

    assert isinstance(error, UnresponsiveError)
    # a batch of six symbols, requested twice, then single symbols
    assert sent(batches) == (len(vendor.questions), 6 * 2 + 3) == (5, 15)


def test_a_vendor_that_fails_every_second_request_is_worked_through(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = listed(tmp_path, vendor)
    answer, turns = vendor.answer, iter(range(1000))

    def flaky(request: object) -> Response:
        if next(turns) % 2 == 0:
            vendor.answer_next(*down(1))
        return answer(request)  # type: ignore[arg-type]

    vendor.server.clear()
    for path in ("/time_series", "/earliest_timestamp"):
        vendor.server.expect_request(path).respond_with_handler(flaky)

    outcomes, error = run(settings)

    assert error is None
    assert [outcome.status for outcome in outcomes] == [Status.DONE] * len(NAMES)
    assert sent(outcomes)[0] == len(vendor.questions) == 48


def test_one_symbol_that_the_server_fails_for_does_not_end_the_run(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = listed(tmp_path, vendor, tier="core")
    instruments = RunWorkspace.open(settings).universe.instruments
    assert instruments[0].timeframes == FRAMES["core"]
    vendor.answer_next(*down(len(FRAMES["core"]) + 1))

    outcomes, error = run(settings)

    assert error is None
    assert [outcome.status for outcome in outcomes] == [Status.FAILED, *[Status.DONE] * 5]


def test_what_came_in_before_the_day_was_spent_is_processed(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = listed(tmp_path, vendor)
    keep = vendor.answer
    budget = iter([False] * 3 + [True] * 100)  # the week of the first symbol is refused

    def spent(request: object) -> Response:
        if next(budget):
            vendor.answer_next(error_answer(429, DAY_SPENT))
        return keep(request)  # type: ignore[arg-type]

    vendor.server.clear()
    for path in ("/time_series", "/earliest_timestamp"):
        vendor.server.expect_request(path).respond_with_handler(spent)

    outcomes, error = run(settings, stages=tuple(Stage)[:2])

    first = outcomes[0]
    assert error is not None
    assert "credits of the day" in str(error)
    assert [outcome.status for outcome in outcomes] == [Status.NOT_REACHED] * len(NAMES)
    assert first.ingest is not None
    assert [(each.status, each.requests) for each in first.ingest.series] == [
        ("ok", 2),
        ("not_reached", 2),
    ]
    assert first.promote is not None
    assert len(vendor.questions) == 4
