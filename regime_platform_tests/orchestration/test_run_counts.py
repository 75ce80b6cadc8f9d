"""How much a run of Dagster asks for beside the pipeline: at most so much, on any machine.

docs/performance.md shows these counts. Lower them where a run asks less.
"""

from collections import Counter

import dagster as dg

from regime_platform.orchestration.jobs import PROCESS_LISTED
from regime_platform.settings import Settings
from regime_platform_tests.bench.counts import counting
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.graph import BARS, SYMBOLS, run_listed
from regime_platform_tests.scenario import serve

#: Of a symbol, beside those of a run with nothing new.
_AT_MOST = {"dagster_event": 9, "dagster_log_line": 0}


def test_a_symbol_with_a_new_bar_costs_no_more_events_than_documented(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    symbol = SYMBOLS[0]

    def counted() -> Counter[str]:
        with counting(processed_eight.data_root) as counts:
            assert run_listed(processed_eight, processed_instance, [symbol], PROCESS_LISTED).success
        return counts

    of_the_run = counted()
    serve(processed_eight, symbol, "1day", make_bars(BARS + 1))
    with_a_bar = counted()

    with_a_bar.subtract(of_the_run)
    asked = {name: with_a_bar[name] for name in _AT_MOST}
    assert {name: count for name, count in asked.items() if count > _AT_MOST[name]} == {}
