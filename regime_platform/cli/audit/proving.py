"""`regime verify --bundle` and `regime verify --as-of`: a bundle, or results of a past moment."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.errors import failure_reason

if TYPE_CHECKING:
    from regime_platform.model.instruments import Instrument
    from regime_platform.pipeline.platform import RunWorkspace


def print_bundle_verification(bundle: Path, *, recompute: bool, as_json: bool) -> NoReturn:
    """Verifies a bundle on its own, prints the findings and exits."""
    from regime_platform.audit.bundle.proof import verify_bundle
    from regime_platform.cli.console.screen import messages, plural, print_json, print_table
    from regime_platform.cli.pipeline.warming import warm

    if recompute:
        warm()
    proof = verify_bundle(bundle, recompute=recompute)
    if as_json:
        print_json(proof.facts())
    else:
        rows = [
            (finding.symbol or "all", finding.what, finding.reason) for finding in proof.findings
        ]
        if rows:
            print_table(("symbol", "what", "finding"), rows, folding=("finding",))
        how = " and recomputed" if proof.is_recomputed else ""
        status = f"proven{how}" if proof.is_proven else "not proven"
        console = messages()
        count = f"{plural(len(proof.symbols), 'symbol')} " if proof.symbols else ""
        console.print(f"{count}{status}", markup=False)
        digest = f"digest {proof.digest} of {proof.snapshot}"
        console.print(digest, markup=False, soft_wrap=True)
    raise typer.Exit(ALL_GOOD if proof.is_proven else NOTHING_SUCCEEDED)


def verify_as_of(
    workspace: "RunWorkspace", instruments: "Sequence[Instrument]", as_of: str, *, as_json: bool
) -> NoReturn:
    """Recomputes the results of that time, compares them with their records and exits."""
    from regime_platform.audit.provenance import ProvenanceStatus
    from regime_platform.audit.results_as_of import results_as_of
    from regime_platform.cli.console.clock import past
    from regime_platform.cli.console.screen import (
        messages,
        plural,
        print_json,
        print_table,
        symbol_progress,
    )
    from regime_platform.cli.pipeline.warming import warm

    moment = past(as_of)
    warm()
    documents: list[dict[str, Any]] = []
    with symbol_progress(len(instruments)) as progress:
        for instrument in instruments:
            try:
                facts = results_as_of(workspace, instrument, moment).facts() | {
                    "is_recomputed": True
                }
            except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
                reason = failure_reason(error, instrument.symbol)
                terms = {"standing": "unknown", "reason": reason, "differs": []}
                facts = {"symbol": instrument.symbol, "terms": terms, "is_recomputed": False}
            documents.append(facts)
            progress.advance(instrument.symbol)
    proven = sum(document["terms"]["standing"] == ProvenanceStatus.PROVEN for document in documents)
    if as_json:
        print_json(documents)
    else:
        rows = [
            (
                document["symbol"],
                document["terms"]["standing"].replace("_", " "),
                document["terms"]["reason"],
            )
            for document in documents
        ]
        print_table(("symbol", "status", "reason"), rows, folding=("reason",))
        symbols = plural(len(documents), "symbol")
        messages().print(f"{proven} of {symbols} recomputed and proven as of {as_of}")
    if proven == len(documents):
        raise typer.Exit(ALL_GOOD)
    raise typer.Exit(SOME_FAILED if proven else NOTHING_SUCCEEDED)
