"""The bench of the gate works; how fast the gate is, only `make bench-gates` says."""

from regime_platform_tests.bench.gates import symbol_rows, validation_cost


def test_the_gate_can_be_timed() -> None:
    cost = validation_cost(symbol_rows("US_EQUITY", {"1day": 2, "1week": 2}), "US_EQUITY")

    assert cost.cpu > 0.0
