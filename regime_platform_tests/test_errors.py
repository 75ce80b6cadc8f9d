"""Errors carry a code and a message that is safe to show."""

import pickle

import pytest

from regime_platform.errors import (
    BlockedError,
    ConfigError,
    OtherInstrumentError,
    RegimeError,
    UsageError,
    about,
    failure_reason,
)
from regime_platform_tests.error_codes import raises


def test_an_error_without_a_code_has_that_of_its_class() -> None:
    assert UsageError("no").code == "usage"
    assert OtherInstrumentError("no").code == "other-instrument"
    assert BlockedError("no", code="special").code == "special"


def test_code_and_message_survive_another_process() -> None:
    error = pickle.loads(pickle.dumps(ConfigError("no such file", code="no-file")))  # noqa: S301

    assert (str(error), error.code) == ("no such file", "no-file")


def test_control_characters_of_a_message_are_escaped() -> None:
    assert str(RegimeError("a\x1b[2J\nb")) == "a\\x1b[2J b"


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("not in the universe: IBMM; add it", "not in the universe: IBMM; add it"),
        ("/data/assets/IBMM/compute.db is damaged", "/data/assets/IBMM/compute.db is damaged"),
        ("the disk is full; `regime run IBMM`", "IBMM: the disk is full; `regime run IBMM`"),
        ("IBMM.B has no bars", "IBMM: IBMM.B has no bars"),
    ],
)
def test_a_reason_in_a_list_names_its_symbol_once(reason: str, shown: str) -> None:
    assert about("IBMM", reason) == shown


def test_another_code_than_the_expected_one_fails_a_test() -> None:
    with pytest.raises(AssertionError), raises(UsageError, "unknown-symbol"):
        raise UsageError("no", code="unknown-tier")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UsageError("no such symbol"), "no such symbol"),
        (IsADirectoryError(21, "Is a directory", "verdict.json"), "verdict.json is a folder"),
        (OSError(28, "No space left on device"), "check the disk"),
        (ValueError("oops"), "unexpected ValueError: oops; `regime verify AAA`"),
    ],
)
def test_the_reason_of_a_failed_symbol_names_the_remedy(error: Exception, reason: str) -> None:
    assert reason in failure_reason(error, "AAA")
