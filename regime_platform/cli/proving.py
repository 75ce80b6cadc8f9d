"""`regime verify` of what is not the present store: a bundle, or what was said at a past moment."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.errors import failure_reason

if TYPE_CHECKING:
    from regime_platform.model.instruments import Instrument
    from regime_platform.pipeline.platform import Platform


def prove_this_bundle(bundle: Path, *, recompute: bool, as_json: bool) -> NoReturn:
    """Proves a bundle with nothing but the bundle, tells what was found, and exits."""
    from regime_platform.cli.screen import messages, plural, print_json, print_table
    from regime_platform.cli.warming import warm
    from regime_platform.pipeline.bundle_proof import prove_bundle

    if recompute:
        warm()
    proof = prove_bundle(bundle, recompute=recompute)
    if as_json:
        print_json(proof.facts())
    else:
        rows = [(one.symbol or "all", one.what, one.reason) for one in proof.findings]
        if rows:
            print_table(("symbol", "what", "found"), rows, folding=("found",))
        how = " and computed again" if proof.is_recomputed else ""
        standing = f"proven{how}" if proof.is_proven else "not proven"
        console = messages()
        count = f"{plural(len(proof.symbols), 'symbol')} " if proof.symbols else ""
        console.print(f"{count}{standing}", markup=False)
        told = f"digest {proof.digest} of {proof.snapshot}"
        console.print(told, markup=False, soft_wrap=True)
    raise typer.Exit(ALL_GOOD if proof.is_proven else NOTHING_SUCCEEDED)


def prove_past(
    platform: "Platform", instruments: "Sequence[Instrument]", as_of: str, *, as_json: bool
) -> NoReturn:
    """Computes what was said then anew, holds it to what was recorded then, and exits."""
    from regime_platform.cli.clock import past
    from regime_platform.cli.screen import (
        messages,
        plural,
        print_json,
        print_table,
        symbol_progress,
    )
    from regime_platform.cli.warming import warm
    from regime_platform.pipeline.results_as_of import results_as_of
    from regime_platform.pipeline.terms import Standing

    moment = past(as_of)
    warm()
    told: list[dict[str, Any]] = []
    with symbol_progress(len(instruments)) as progress:
        for one in instruments:
            try:
                facts = results_as_of(platform, one, moment).facts() | {"is_recomputed": True}
            except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
                reason = failure_reason(error, one.symbol)
                terms = {"standing": "unknown", "reason": reason, "differs": []}
                facts = {"symbol": one.symbol, "terms": terms, "is_recomputed": False}
            told.append(facts)
            progress.advance(one.symbol)
    proven = sum(one["terms"]["standing"] == Standing.PROVEN for one in told)
    if as_json:
        print_json(told)
    else:
        rows = [
            (one["symbol"], one["terms"]["standing"].replace("_", " "), one["terms"]["reason"])
            for one in told
        ]
        print_table(("symbol", "then", "why"), rows, folding=("why",))
        symbols = plural(len(told), "symbol")
        messages().print(f"{proven} of {symbols} computed again and proven as of {as_of}")
    if proven == len(told):
        raise typer.Exit(ALL_GOOD)
    raise typer.Exit(SOME_FAILED if proven else NOTHING_SUCCEEDED)
