"""What commands leave is merged by symbol, and is lost neither to damage nor to other writers."""

from pathlib import Path

import pytest

from regime_platform.pipeline.outbox import Outbox
from regime_platform.pipeline.outbox_documents import Failure, OutboxEntry
from regime_platform.pipeline.outcomes import (
    STAGES,
    ComputeOutcome,
    IngestOutcome,
    PromoteOutcome,
    PublishOutcome,
    SeriesIngest,
    Stage,
    Status,
    SymbolOutcome,
)
from regime_platform.settings import Settings
from regime_platform_tests.scenario import street

RAW = (Stage.RAW_BARS,)
RESULTS = (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(street(tmp_path, ["OAK", "ELM"]))


def _fetched(new: int, status: Status = Status.DONE) -> SymbolOutcome:
    series = SeriesIngest("1day", new=new, requests=1)
    return SymbolOutcome(
        "OAK",
        status,
        Stage.RAW_BARS,
        "" if status.is_good else "the vendor does not answer",
        ingest=IngestOutcome("OAK", status, (series,)),
    )


def _computed(status: Status = Status.DONE) -> SymbolOutcome:
    return SymbolOutcome(
        "OAK",
        status,
        Stage.MANIFESTS,
        promote=PromoteOutcome("OAK", status),
        compute=ComputeOutcome("OAK", status, how="1 bar added" if status is Status.DONE else ""),
        publish=PublishOutcome("OAK", status),
    )


def _entry(outbox: Outbox) -> OutboxEntry:
    (pending,) = outbox.pending()
    assert not pending.problem
    return pending.entry


def _run(outbox: Outbox, outcome: SymbolOutcome, stages: tuple[Stage, ...]) -> None:
    assert list(outbox.passing([outcome], stages)) == [outcome]


def test_later_commands_are_merged_and_the_last_one_counts(outbox: Outbox) -> None:
    _run(outbox, _fetched(3), RAW)
    _run(outbox, _fetched(2), RAW)
    fetched = _entry(outbox)
    _run(outbox, _computed(), RESULTS)
    computed = _entry(outbox)
    _run(outbox, _fetched(0, Status.FAILED), RAW)
    failed = _entry(outbox)
    _run(outbox, _computed(Status.UNCHANGED), RESULTS)
    still_failed = _entry(outbox)
    _run(outbox, _fetched(0, Status.UNCHANGED), RAW)

    assert (fetched.stages, fetched.series[0].new, fetched.series[0].requests) == (RAW, 5, 2)
    assert (fetched.is_processed, computed.is_processed) == (False, True)
    assert (computed.stages, computed.how) == (STAGES, "1 bar added")
    reason = Failure(
        status=Status.FAILED, stage=Stage.RAW_BARS, reason="the vendor does not answer"
    )
    assert failed.failure == still_failed.failure == reason
    assert _entry(outbox).failure is None  # served again


def test_unchanged_symbols_are_one_list_that_a_failure_leaves(outbox: Outbox) -> None:
    _run(outbox, _computed(Status.UNCHANGED), RESULTS)
    file, listed = outbox.unchanged()
    assert outbox.waiting().symbols == ()
    assert listed == dict.fromkeys(RESULTS, ("OAK",))
    assert file is not None

    _run(outbox, _fetched(0, Status.FAILED), RAW)
    after, left = outbox.unchanged()
    outbox.remove(file)  # of before the failure: it stays

    assert set(left.values()) == {()}
    assert outbox.unchanged()[0] == after


def test_unchanged_stages_of_a_changed_symbol_are_listed(outbox: Outbox) -> None:
    _run(outbox, _fetched(0, Status.UNCHANGED), RAW)
    _run(outbox, _computed(), RESULTS)
    _run(outbox, _fetched(0, Status.UNCHANGED), RAW)

    assert _entry(outbox).stages == RESULTS
    assert outbox.unchanged()[1][Stage.RAW_BARS] == ("OAK",)


def test_what_is_written_again_while_it_is_reported_stays(outbox: Outbox) -> None:
    _run(outbox, _computed(), RESULTS)
    (reported,) = outbox.pending()
    _run(outbox, _computed(), RESULTS)

    outbox.remove(reported.file)
    (again,) = outbox.pending()
    outbox.remove(again.file)

    assert again.entry == reported.entry
    assert outbox.waiting().symbols == ()


def test_a_command_succeeds_where_its_work_cannot_be_announced(outbox: Outbox) -> None:
    outbox.folder.parent.mkdir()
    outbox.folder.write_text("a file in place of the folder")

    _run(outbox, _computed(), RESULTS)

    assert "nightly reconcile" in outbox.problem


def test_a_root_without_an_outbox_waits_for_nothing_and_gets_none(settings: Settings) -> None:
    waiting = Outbox(settings).waiting()

    assert (waiting.symbols, waiting.oldest, waiting.has_unchanged) == ((), None, False)
    assert not settings.dagster_folder.exists()
