"""The commands that prove what is held, and put right what is not: verify, repair."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.options import AllRows, Json, Now
from regime_platform.cli.console.selection import Everything, Symbols, SymbolsFile, Tier, select
from regime_platform.cli.query.answering import AsOf
from regime_platform.errors import UsageError

if TYPE_CHECKING:
    from regime_platform.audit.repair import RepairOutcome
    from regime_platform.audit.verify.proof import Verification


def verify(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbols: Symbols = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
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
    """Verify bars, results and manifests against each other, value by value; changes nothing."""
    from regime_platform.audit.verify.pool import verify_many
    from regime_platform.cli.audit.proving import print_bundle_verification, verify_as_of
    from regime_platform.cli.console.screen import print_json, symbol_progress
    from regime_platform.cli.exits import code_of
    from regime_platform.cli.pipeline.warming import warm

    if bundle is not None:
        if symbols or everything or symbols_file or tier or as_of:
            raise UsageError(
                "--bundle verifies the whole bundle; leave out symbols and --as-of",
                code="conflicting-options",
            )
        print_bundle_verification(bundle, recompute=recompute, as_json=as_json)
    selection = select(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
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
        print_json({"exit_code": code, "symbols": [proof.facts() for proof in proofs]})
    else:
        _print(proofs, all_rows=all_rows or len(proofs) <= _FEW)
    raise typer.Exit(code)


def repair(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbols: Symbols = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
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
    """Show how damaged symbols can be rebuilt from their raw logs, and with --yes rebuild them."""
    from regime_platform.audit.repair import repair_many
    from regime_platform.cli.console.clock import moment
    from regime_platform.cli.console.screen import messages
    from regime_platform.cli.exits import code_of
    from regime_platform.cli.pipeline.warming import warm
    from regime_platform.pipeline.board import refreshed_board

    selection = select(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    workspace, instruments, at = selection.workspace, selection.instruments, moment(now)
    if yes:
        warm()
    outcomes = list(
        repair_many(workspace, instruments, at, accept_loss=accept_loss, only_plan=not yes)
    )
    code = code_of(outcomes)
    problem = refreshed_board(workspace, []) if yes else ""
    if problem:
        messages().print(problem, style="bold red", markup=False)
    _print_repairs(outcomes, code, was_done=yes, as_json=as_json)
    raise typer.Exit(code)


def _print_repairs(
    outcomes: "Sequence[RepairOutcome]", code: int, *, was_done: bool, as_json: bool
) -> None:
    from regime_platform.cli.console.screen import messages, plural, print_json, print_table, styled

    if as_json:
        documents = [outcome.facts() for outcome in outcomes]
        print_json({"exit_code": code, "was_done": was_done, "symbols": documents})
        return
    shown = [outcome for outcome in outcomes if outcome.plan.proof.findings]
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
    waiting = sum(not outcome.plan.is_empty for outcome in outcomes)
    hint = "" if was_done or not waiting else "; nothing was done yet; --yes does it"
    messages().print(f"{plural(waiting, 'symbol')} to repair{hint}")


_FEW = 20  # symbols; so many are all shown


def _print(proofs: "Sequence[Verification]", *, all_rows: bool) -> None:
    from regime_platform.cli.console.screen import count, messages, plural, print_table, styled

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
    remedies = [f"{proof.symbol}: {proof.remedy}" for proof in proofs if proof.remedy is not None]
    if remedies:
        more = f"; and {len(remedies) - _FEW} more" if len(remedies) > _FEW else ""
        messages().print(f"remedy: {'; '.join(remedies[:_FEW])}{more}")
