"""decisions.yaml is compared with the overrides that the verdict in force applied."""

from regime_platform.bar_store.basis_files import BASES
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.overrides import (
    read_overrides,
    recorded_overrides,
    stored_overrides,
    write_overrides,
)
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.errors import ConfigError
from regime_platform.validation.overrides import Override, OverrideKind
from regime_platform_tests.error_codes import raises

ENTRY = Override(
    id=1,
    kind=OverrideKind.EXCLUDE,
    timeframe="1day",
    ts="2013-02-25T00:00:00Z",
    reason="a bad print",
    by="me",
    at="2026-11-20T22:30:00Z",
)


def test_entries_are_read_as_written(msft: SymbolPaths) -> None:
    assert read_overrides(msft) == ()

    write_overrides(msft, [ENTRY])

    assert read_overrides(msft) == stored_overrides(msft) == (ENTRY,)


def test_an_entry_that_the_verdict_applied_and_the_file_lost_is_an_error(msft: SymbolPaths) -> None:
    verdict = read_verdict(msft)
    assert verdict is not None
    write_verdict(msft, verdict.model_copy(update={"overrides": (ENTRY,)}))

    assert recorded_overrides(msft) == (ENTRY,)
    with raises(ConfigError, "overrides-lost", match="override 1"):
        read_overrides(msft)


def test_where_nothing_is_recorded_there_is_nothing(msft: SymbolPaths) -> None:
    assert recorded_overrides(msft) == ()
    msft.verdict.write_text("{")
    msft.manifest.unlink()

    assert recorded_overrides(msft) == ()
    assert BASES.recorded(msft) == ()
