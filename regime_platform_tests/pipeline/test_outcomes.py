"""Outcomes add up, and say whether a person has to look."""

import pytest

from regime_platform.pipeline.outcomes import (
    IngestOutcome,
    PromoteOutcome,
    SeriesIngest,
    Stage,
    Status,
    SymbolOutcome,
)


def test_two_fetches_of_a_series_add_up_and_end_as_the_second() -> None:
    first = SeriesIngest("1day", new=3, revised=1, requests=2, credits=2)
    second = SeriesIngest("1day", new=1, same=4, requests=1, credits=1, status="failed", reason="x")

    both = first.plus(second)

    assert (both.new, both.revised, both.same, both.requests, both.credits) == (4, 1, 4, 3, 3)
    assert (both.changed, both.status, both.reason) == (5, "failed", "x")
    assert IngestOutcome("AAA", Status.DONE, (first, second)).rows_inserted == 5


def test_only_what_a_source_should_have_served_is_a_failure() -> None:
    failed = {
        status
        for status in ("ok", "not_offered", "not_entitled", "unknown_symbol", "failed")
        if SeriesIngest("1day", status=status).has_failed
    }

    assert failed == {"not_entitled", "unknown_symbol", "failed"}
    assert [status for status in Status if status.is_good] == [Status.DONE, Status.UNCHANGED]


@pytest.mark.parametrize(
    ("stage", "status"),
    [
        (Stage.RAW_BARS, Status.DONE),
        (Stage.VALIDATED_BARS, Status.UNCHANGED),
        (Stage.COMPUTE_DB, Status.FAILED),
        (Stage.MANIFESTS, None),
    ],
)
def test_a_failure_belongs_to_the_stage_that_it_ended(stage: Stage, status: Status | None) -> None:
    outcome = SymbolOutcome(
        "AAA",
        Status.FAILED,
        Stage.COMPUTE_DB,
        ingest=IngestOutcome("AAA", Status.DONE, ()),
        promote=PromoteOutcome("AAA", Status.UNCHANGED),
    )

    assert outcome.status_after(stage) is status
