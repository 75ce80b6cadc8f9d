"""Which stage of a symbol a failure belongs to."""

import pytest

from regime_platform.orchestration.events.events import stage_status
from regime_platform.pipeline.outcomes import (
    IngestOutcome,
    PromoteOutcome,
    Stage,
    Status,
    SymbolOutcome,
)


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

    assert stage_status(outcome, stage) is status
