"""Outcomes add up, and say whether a person has to look."""

from regime_platform.pipeline.outcomes import IngestOutcome, SeriesIngest, Status


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
