"""`regime state`: the latest regime of some symbols, since when and why.

With ``--as-of`` it is answered by ``as_of``, which needs the whole pipeline.
"""

from typing import Annotated

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import AsOf
from regime_platform.cli.console.output import Output
from regime_platform.cli.console.symbol_options import SymbolOptions
from regime_platform.cli.console.targets import function_of
from regime_platform.cli.query.answers import answered, print_answers
from regime_platform.cli.query.state_view import print_states
from regime_platform.model.timeframes import TIMEFRAMES, canonical_timeframe
from regime_platform.query.states import state as latest_state
from regime_platform.query.states import state_document, why_no_state

Timeframes = Annotated[
    list[str] | None,
    typer.Option("--timeframe", help="Only this timeframe; may be repeated."),
]


def state(
    choice: SymbolOptions,
    timeframe: Timeframes = None,
    as_of: AsOf = None,
    *,
    clock: Clock,
    out: Output,
) -> int:
    wanted = tuple(map(canonical_timeframe, timeframe or TIMEFRAMES))
    symbols = choice.names()
    is_single = choice.is_single(symbols)
    if as_of is not None:
        answer_then = function_of("query.as_of:state")
        return int(answer_then(symbols, wanted, as_of, out, is_single=is_single))
    now = clock.moment()
    states, problems = answered(
        symbols, lambda symbol: latest_state(symbol, wanted, now=now), is_single=is_single
    )
    documents = {
        symbol: {name: state_document(state_now) for name, state_now in answer.items()}
        for symbol, answer in states.items()
    }
    code = print_answers(documents, problems, out, is_single=is_single)
    for symbol, answer in states.items():
        short = {} if answer else why_no_state(symbol, wanted)
        print_states(symbol, answer, out, short, is_short=not is_single)
    return code
