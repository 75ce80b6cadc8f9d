"""When requests without an answer end a run."""

from regime_platform.errors import UnresponsiveError
from regime_platform.sources.outage import Outage
from regime_platform_tests.error_codes import raises


def test_four_unanswered_requests_in_a_row_end_the_run() -> None:
    outage = Outage("binance")
    for _ in range(3):
        outage.add("AAA", "refused", is_of_server=False)
    outage.end()
    for _ in range(3):
        outage.add("AAA", "refused", is_of_server=False)

    assert outage.is_seen
    with raises(UnresponsiveError, "source-unresponsive", match="4 requests in a row.*: refused"):
        outage.add("AAA", "refused", is_of_server=False)


def test_errors_of_the_server_for_one_symbol_alone_do_not() -> None:
    outage = Outage("binance")
    for _ in range(9):
        outage.add("AAA", "500: broken", is_of_server=True)

    with raises(UnresponsiveError, "source-unresponsive", match="10 requests"):
        outage.add("BBB", "500: broken", is_of_server=True)
