"""`regime verify` and `regime repair`: verify stored data, a bundle or a past moment; repair."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from regime_platform.audit.bundle.verify import verify_bundle
from regime_platform.audit.documents import (
    bundle_verification_document,
    provenance_document,
    repair_document,
    results_as_of_document,
    verification_document,
)
from regime_platform.audit.provenance import Provenance, ProvenanceStatus
from regime_platform.audit.repair import RepairOutcome, repair_many
from regime_platform.audit.results_as_of import results_as_of
from regime_platform.audit.verify.verification import Verification
from regime_platform.audit.verify.verify_many import verify_many
from regime_platform.cli.console.clock import moment, past
from regime_platform.cli.console.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED, code_of
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.options import AllRows, AsOf, Json, Now
from regime_platform.cli.console.screen import (
    count,
    messages,
    plural,
    print_json,
    print_table,
    styled,
    symbol_progress,
)
from regime_platform.cli.console.selection import SymbolChoice, chooses_symbols
from regime_platform.cli.query.answers import PROVENANCE_TITLES
from regime_platform.errors import UsageError, failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.board import try_refresh_board
from regime_platform.pipeline.run_workspace import RunWorkspace


@chooses_symbols
def verify(  # noqa: PLR0913 - one parameter per option
    choice: SymbolChoice,
    *,
    recompute: Annotated[
        bool,
        typer.Option(
            "--recompute", help="Also recompute bars and results and compare; implied by --as-of."
        ),
    ] = False,
    all_rows: AllRows = False,
    as_of: AsOf = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", help="Verify this bundle on its own, without a data root."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Verify bars, results and manifests, value by value; changes nothing."""
    if bundle is not None:
        if choice or as_of:
            raise UsageError(
                "--bundle verifies the whole bundle; leave out symbols and --as-of",
                code="conflicting-options",
            )
        print_bundle_verification(bundle, recompute=recompute, as_json=as_json)
    selection = choice.open()
    workspace, instruments, workers = (
        selection.workspace,
        selection.instruments,
        selection.workspace.settings.workers,
    )
    if as_of is not None:
        verify_as_of(workspace, instruments, as_of, as_json=as_json)
    if recompute:
        warm()
    proofs = []
    with symbol_progress(len(instruments)) as progress:
        for proof in verify_many(workspace, instruments, recompute=recompute, workers=workers):
            proofs.append(proof)
            progress.advance(proof.symbol)
    code = code_of(proofs)
    if as_json:
        print_json(
            {"exit_code": code, "symbols": [verification_document(proof) for proof in proofs]}
        )
    else:
        _print(proofs, all_rows=all_rows or len(proofs) <= _FEW)
    raise typer.Exit(code)


@chooses_symbols
def repair(
    choice: SymbolChoice,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; default: only show what would be done.")
    ] = False,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss",
            help="Continue without raw files that are lost and in no backup; their bars are "
            "lost until they are fetched again.",
        ),
    ] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Show how to rebuild damaged symbols from their raw logs; with --yes, rebuild them."""
    selection = choice.open()
    workspace, instruments, at = selection.workspace, selection.instruments, moment(now)
    if yes:
        warm()
    outcomes = list(
        repair_many(workspace, instruments, at, accept_loss=accept_loss, only_plan=not yes)
    )
    code = code_of(outcomes)
    problem = try_refresh_board(workspace, []) if yes else ""
    if problem:
        messages().print(problem, style="bold red")
    _print_repairs(outcomes, code, was_done=yes, as_json=as_json)
    raise typer.Exit(code)


def _print_repairs(
    outcomes: Sequence[RepairOutcome], code: int, *, was_done: bool, as_json: bool
) -> None:
    if as_json:
        documents = [repair_document(outcome) for outcome in outcomes]
        print_json({"exit_code": code, "was_done": was_done, "symbols": documents})
        return
    shown = [outcome for outcome in outcomes if outcome.plan.before.findings]
    columns = ("symbol", "now", "set aside", "steps", "note")
    rows = [
        (
            outcome.symbol,
            styled(outcome.after.result),
            ", ".join(outcome.plan.set_aside),
            "; ".join(outcome.plan.sentences),
            outcome.reason or outcome.after.reason,
        )
        for outcome in shown
    ]
    if rows:
        print_table(columns, rows, folding=columns[2:])
    planned = [outcome for outcome in outcomes if not outcome.plan.is_empty]
    if was_done:
        good = sum(outcome.status.is_good for outcome in planned)
        messages().print(f"{good} of {plural(len(planned), 'symbol')} repaired")
        return
    hint = "; nothing was done yet; --yes does it" if planned else ""
    messages().print(f"{plural(len(planned), 'symbol')} to repair{hint}")


_FEW = 20  # symbols; so many are all shown


def _print(proofs: Sequence[Verification], *, all_rows: bool) -> None:
    shown = [proof for proof in proofs if all_rows or proof.findings]
    columns = ("symbol", "proof", "bars", "rows", "files", "manifests", "findings")
    rows = [
        (
            proof.symbol,
            styled(proof.result),
            count(proof.bars),
            count(proof.rows),
            count(proof.files),
            count(proof.links),
            proof.reason,
        )
        for proof in shown
    ]
    if rows:
        print_table(columns, rows, numbers=columns[2:6], folding=("findings",))
    empty = sum(proof.result == "empty" for proof in proofs)
    good = sum(proof.status.is_good for proof in proofs) - empty
    how = " and recomputed" if any(proof.is_recomputed for proof in proofs) else ""
    nothing = f"; {empty} have no data" if empty else ""
    messages().print(f"{good} of {plural(len(proofs), 'symbol')} proven{how}{nothing}")
    waiting = [proof for proof in proofs if proof.remedy is not None]
    if waiting:
        more = f"; and {len(waiting) - _FEW} more" if len(waiting) > _FEW else ""
        messages().print(f"remedy: {'; '.join(_remedies(waiting[:_FEW]))}{more}")


def print_bundle_verification(bundle: Path, *, recompute: bool, as_json: bool) -> NoReturn:
    """Verifies a bundle on its own, prints the findings and exits."""
    if recompute:
        warm()
    proof = verify_bundle(bundle, recompute=recompute)
    if as_json:
        print_json(bundle_verification_document(proof))
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
        console.print(f"{count}{status}")
        digest = f"digest {proof.digest} of {proof.snapshot}"
        console.print(digest, soft_wrap=True)
    raise typer.Exit(ALL_GOOD if proof.is_proven else NOTHING_SUCCEEDED)


def verify_as_of(
    workspace: RunWorkspace, instruments: Sequence[Instrument], as_of: str, *, as_json: bool
) -> NoReturn:
    """Recomputes the results of that time, compares them with their records and exits."""
    moment = past(as_of)
    warm()
    answers: dict[str, tuple[Provenance, dict[str, Any]]] = {}
    with symbol_progress(len(instruments)) as progress:
        for instrument in instruments:
            answers[instrument.symbol] = _verified_as_of(workspace, instrument, moment)
            progress.advance(instrument.symbol)
    statuses = [provenance.status for provenance, _ in answers.values()]
    proven = statuses.count(ProvenanceStatus.PROVEN)
    if as_json:
        print_json([document for _, document in answers.values()])
    else:
        rows = [
            (symbol, PROVENANCE_TITLES[provenance.status.value][0], provenance.reason)
            for symbol, (provenance, _) in answers.items()
        ]
        print_table(("symbol", "status", "reason"), rows, folding=("reason",))
        symbols = plural(len(answers), "symbol")
        messages().print(f"{proven} of {symbols} recomputed and proven as of {as_of}")
    if proven == len(answers):
        raise typer.Exit(ALL_GOOD)
    raise typer.Exit(SOME_FAILED if proven else NOTHING_SUCCEEDED)


def _verified_as_of(
    workspace: RunWorkspace, instrument: Instrument, at: dt.datetime
) -> tuple[Provenance, dict[str, Any]]:
    """The provenance of the results of one symbol, and their document."""
    try:
        then = results_as_of(workspace, instrument, at)
    except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
        reason = failure_reason(error, instrument.symbol)
        unknown = Provenance(ProvenanceStatus.UNKNOWN, reason)
        document = {"symbol": instrument.symbol, "terms": provenance_document(unknown)}
        return unknown, {**document, "is_recomputed": False}
    return then.provenance, {**results_as_of_document(then), "is_recomputed": True}


def _remedies(proofs: Sequence[Verification]) -> list[str]:
    """The remedies of symbols; those that end with the symbol take all symbols of one kind."""
    symbols: dict[str, list[str]] = {}
    others = []
    for proof in proofs:
        remedy = proof.remedy or ""
        command = remedy.removesuffix(f" {proof.symbol}")
        if proof.symbol in command.split():
            others.append(remedy)
        elif command == remedy:
            others.append(f"{proof.symbol}: {remedy}")
        else:
            symbols.setdefault(command, []).append(proof.symbol)
    return [*(f"{command} {' '.join(names)}" for command, names in symbols.items()), *others]
