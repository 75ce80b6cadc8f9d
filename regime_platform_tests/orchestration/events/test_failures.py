"""The symbols of a failed run: named in its message, and read from its table for alerts."""

import dagster as dg

from regime_platform.orchestration.events.failures import FailedSymbol, run_failure

BLOCKED = FailedSymbol("OAK", "blocked", "validated_bars", "high below low; exclude the bar")


def test_a_row_of_the_table_is_the_symbol_again() -> None:
    assert FailedSymbol.of_row(BLOCKED.row()) == BLOCKED


def test_a_row_without_detail_as_older_events_have_it_is_read() -> None:
    row = {name: cell for name, cell in BLOCKED.row().items() if name != "detail"}

    assert FailedSymbol.of_row(row) == BLOCKED


def test_the_message_names_five_symbols_and_counts_the_rest() -> None:
    failure = run_failure("7 of 9 symbols failed", [BLOCKED] * 7, ["the run ended early"])

    text = str(failure.description)
    assert text.startswith(
        "7 of 9 symbols failed (7 blocked): OAK (blocked at validated_bars: high below low; "
    )
    assert text.count("OAK") == 5
    assert text.endswith("and 2 more; the run ended early")
    assert not failure.allow_retries
    table = failure.metadata["symbols"]
    assert isinstance(table, dg.TableMetadataValue)
    assert len(table.records) == 7
