"""`regime explain`: why a number is what it is."""

from typing import Annotated

import typer

from regime_platform.cli.console.options import Json
from regime_platform.cli.exits import NOTHING_SUCCEEDED
from regime_platform.cli.query.answering import AsOf, Symbol, TimeframeWord


def explain(
    symbol: Symbol,
    timeframe: TimeframeWord,
    bar: Annotated[str, typer.Argument(help="The open of the bar, an ISO time (UTC) or date.")],
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Explain the numbers of one bar: inputs, ranks, rules, manifests and code."""
    from regime_platform.cli.console.instants import instant_of
    from regime_platform.cli.console.screen import print_json
    from regime_platform.cli.pipeline.warming import warm
    from regime_platform.cli.query.explain_origin import print_as_of, print_origin
    from regime_platform.cli.query.explain_view import print_explanation, print_verdict

    opens = instant_of("BAR", bar)
    warm()
    if as_of is None:
        from regime_platform.query.documents import explained_document
        from regime_platform.query.explain import explain as explained_now

        now = explained_now(symbol, timeframe, opens)
        explanation = now.explanation
        if as_json:
            print_json(explained_document(now))
        else:
            print_explanation(explanation)
            print_origin(now)
    else:
        from regime_platform.audit.explain_as_of import explain_as_of
        from regime_platform.cli.console.clock import past
        from regime_platform.pipeline.platform import RunWorkspace

        workspace, moment = RunWorkspace.open(), past(as_of)
        instrument = workspace.universe.instrument(symbol)
        then = explain_as_of(workspace, instrument, timeframe, opens, moment)
        explanation = then.explanation
        if as_json:
            print_json(then.facts())
        else:
            print_explanation(explanation)
            print_as_of(then)
    if not as_json:
        print_verdict(explanation)
    if explanation.wrong:
        raise typer.Exit(NOTHING_SUCCEEDED)
