"""The exit code of a command says whether all, some or none of its symbols succeeded."""

from dataclasses import dataclass

import pytest

from regime_platform.cli.console.output import code_of, code_of_error
from regime_platform.errors import BarsError, UsageError
from regime_platform.pipeline.outcomes import Status


@dataclass(frozen=True)
class Ended:
    """The outcome of a symbol."""

    status: Status


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([], 0),
        ([Status.DONE, Status.UNCHANGED], 0),
        ([Status.DONE, Status.BLOCKED], 3),
        ([Status.BLOCKED, Status.FAILED], 1),
    ],
)
def test_all_some_and_none_have_a_code_each(statuses: list[Status], code: int) -> None:
    assert code_of([Ended(status) for status in statuses]) == code


def test_skipped_symbols_and_wrong_usage_are_no_success() -> None:
    assert code_of([Ended(Status.DONE)], is_complete=False) == 3
    assert code_of_error(UsageError("x", code="no-selection")) == 2
    assert code_of_error(BarsError("x", code="file-damaged")) == 1
