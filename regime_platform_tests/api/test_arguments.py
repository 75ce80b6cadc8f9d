"""Arguments of a type that only a type checker would refuse."""

from collections.abc import Callable
from typing import Any

import pytest

import regime_platform as rp
from regime_platform.errors import UsageError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.error_codes import raises

_OPEN: Any = rp.open


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.state(5),
        lambda store: store.state(["IBM", None]),
        lambda store: store.state("IBM", ["1day", 5]),
        lambda store: store.history("IBM", None),
        lambda store: store.history("IBM", "1day", last="5"),
        lambda store: store.history("IBM", "1day", last=True),
        lambda store: store.bars(None, "1day"),
        lambda store: store.runs("IBM", regime=5),
        lambda store: store.time_in_regime(b"IBM"),
        lambda store: store.board(5),
        lambda store: store.board(regime=[5]),
        lambda store: store.board(tier=["core"]),
        lambda store: store.board(timeframe=5),
        lambda store: store.board(sort=["symbol"]),
        lambda store: store.board(watchlist=5),
        lambda store: store.board_page(5),
        lambda store: store.board_page().save(5),
        lambda store: store.symbols(asset_class=5),
        lambda store: store.compare(["IBM", 5]),
        lambda store: store.compare(["IBM", "MSFT"], 5),
        lambda store: store.findings(5),
        lambda store: store.sql(5),
        lambda store: store.explain(["IBM"], "1day", "2013-01-02"),
        lambda store: store.explain("IBM", 5, "2013-01-02"),
        lambda store: store.evaluate(5, symbol="X", timeframe="1day"),
        lambda store: store.evaluate(store.bars("IBM", "1day"), symbol=5, timeframe="1day"),
        lambda store: store.evaluate(
            store.bars("IBM", "1day"), symbol="X", timeframe="1d", eras_file=5
        ),
        lambda store: store.chart("IBM", 5),
        lambda store: store.chart("IBM", metric=["vrs"]),
        lambda store: store.chart("IBM").save(5),
        lambda store: store.study(5),
        lambda store: store.study("events", "IBM", None),
        lambda store: store.study("events", "IBM", horizon="20"),
        lambda store: store.study("events", "IBM", horizon=2.5),
        lambda store: store.study("events", "IBM", confidence="high"),
        lambda store: store.study("events", "IBM", include_immature="no"),
        lambda _: _OPEN(5),
    ],
)
def test_an_argument_of_another_type_is_named(
    processed: RunWorkspace, ask: Callable[[Any], object]
) -> None:
    with raises(UsageError, "wrong-type", match=r"is of the type \w+; expected"):
        ask(rp.Store(processed.settings))
