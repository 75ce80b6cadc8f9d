"""The command that answers why a number is what it is."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from regime_platform.cli.answering import AsOf, Symbol, TimeframeWord
from regime_platform.cli.exits import NOTHING_SUCCEEDED
from regime_platform.cli.options import Json

if TYPE_CHECKING:
    import datetime as dt


def explain(
    symbol: Symbol,
    timeframe: TimeframeWord,
    bar: Annotated[str, typer.Argument(help="The open of the bar, an ISO time (UTC) or date.")],
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Tell why the numbers of one bar are what they are: inputs, ranks, rules, manifest, code."""
    from regime_platform.cli.explain_view import print_explanation
    from regime_platform.cli.instants import instant_of
    from regime_platform.cli.screen import print_json
    from regime_platform.cli.warming import warm

    opens = instant_of("BAR", bar)
    warm()
    facts = _explained(symbol, timeframe, opens, as_of)
    if as_json:
        print_json(finite(facts))
    else:
        print_explanation(facts)
    if facts["wrong"]:
        raise typer.Exit(NOTHING_SUCCEEDED)


def _explained(
    symbol: str, timeframe: str, opens: "dt.datetime", as_of: str | None
) -> dict[str, Any]:
    if as_of is None:
        from regime_platform.query.explain import explain as explained

        return explained(symbol, timeframe, opens).facts()
    from regime_platform.cli.clock import past
    from regime_platform.pipeline.explain_as_of import explain_as_of
    from regime_platform.pipeline.platform import open_platform
    from regime_platform.settings import Settings

    platform, moment = open_platform(Settings()), past(as_of)
    instrument = platform.universe.instrument(symbol)
    return explain_as_of(platform, instrument, timeframe, opens, moment).facts()


def finite(value: Any) -> Any:
    """The same facts without what JSON cannot say: no number there is null."""
    from math import isfinite

    if isinstance(value, dict):
        return {name: finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value
