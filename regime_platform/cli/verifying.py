"""The commands that prove what is held, and put right what is not: verify, repair."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.answering import AsOf
from regime_platform.cli.options import AllRows, Json, Now
from regime_platform.cli.selection import Everything, Symbols, SymbolsFile, Tier, asked
from regime_platform.errors import UsageError

if TYPE_CHECKING:
    from regime_platform.pipeline.proof import Proof
    from regime_platform.pipeline.repair import Repaired


def verify(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbols: Symbols = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    recompute: Annotated[
        bool,
        typer.Option(
            "--recompute", help="Also promote and compute everything again; --as-of always does."
        ),
    ] = False,
    all_rows: AllRows = False,
    as_of: AsOf = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", help="Prove this bundle by itself, without any data root."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove bars, results and manifests against each other, to the last value; changes nothing."""
    from regime_platform.cli.exits import code_of
    from regime_platform.cli.proving import prove_past, prove_this_bundle
    from regime_platform.cli.screen import print_json, symbol_progress
    from regime_platform.cli.warming import warm
    from regime_platform.pipeline.verify_pool import verify_many

    if bundle is not None:
        if symbols or everything or symbols_file or tier or as_of:
            raise UsageError("--bundle proves all that is in it; leave symbols and --as-of out")
        prove_this_bundle(bundle, recompute=recompute, as_json=as_json)
    meant = asked(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    platform, instruments, workers = meant.platform, meant.instruments, meant.settings.workers
    if as_of is not None:
        prove_past(platform, instruments, as_of, as_json=as_json)
    if recompute:
        warm()
    proofs = []
    with symbol_progress(len(instruments)) as progress:
        for proof in verify_many(platform, instruments, recompute=recompute, workers=workers):
            proofs.append(proof)
            progress.advance(proof.symbol)
    code = code_of(proofs)
    if as_json:
        print_json({"exit_code": code, "symbols": [one.facts() for one in proofs]})
    else:
        _print(proofs, all_rows=all_rows or len(proofs) <= _FEW)
    raise typer.Exit(code)


def repair(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbols: Symbols = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without this only what would be done is told.")
    ] = False,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss",
            help="Go on without raw files that are gone and that no backup has; their bars are "
            "lost until they are fetched again.",
        ),
    ] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Tell, and with --yes do, what makes damaged symbols whole again from their raw logs."""
    from regime_platform.cli.clock import moment
    from regime_platform.cli.exits import code_of
    from regime_platform.cli.screen import messages
    from regime_platform.cli.warming import warm
    from regime_platform.pipeline.board import refreshed_board
    from regime_platform.pipeline.repair import repair_many

    meant = asked(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    platform, instruments, at = meant.platform, meant.instruments, moment(now)
    if yes:
        warm()
    outcomes = list(
        repair_many(platform, instruments, at, accept_loss=accept_loss, only_plan=not yes)
    )
    code = code_of(outcomes)
    problem = refreshed_board(platform, []) if yes else ""
    if problem:
        messages().print(problem, style="bold red", markup=False)
    _tell_repairs(outcomes, code, was_done=yes, as_json=as_json)
    raise typer.Exit(code)


def _tell_repairs(
    outcomes: "Sequence[Repaired]", code: int, *, was_done: bool, as_json: bool
) -> None:
    from regime_platform.cli.screen import messages, plural, print_json, print_table, styled

    if as_json:
        told = [one.facts() for one in outcomes]
        print_json({"exit_code": code, "was_done": was_done, "symbols": told})
        return
    shown = [one for one in outcomes if one.plan.proof.findings]
    columns = ("symbol", "now", "set aside", "steps", "note")
    rows = [
        (
            one.symbol,
            styled(one.after.word),
            ", ".join(one.plan.set_aside),
            "; ".join(one.plan.steps),
            one.reason or one.after.reason,
        )
        for one in shown
    ]
    if rows:
        print_table(columns, rows, folding=columns[2:])
    waiting = sum(not one.plan.is_empty for one in outcomes)
    hint = "" if was_done or not waiting else "; nothing was done yet: --yes does it"
    messages().print(f"{plural(waiting, 'symbol')} to repair{hint}")


_FEW = 20  # symbols: so many rows are no nuisance


def _print(proofs: "Sequence[Proof]", *, all_rows: bool) -> None:
    from regime_platform.cli.screen import count, messages, plural, print_table, styled

    shown = [one for one in proofs if all_rows or one.findings]
    columns = ("symbol", "proof", "bars", "rows", "files", "manifests", "found")
    rows = [
        (
            one.symbol,
            styled(one.word),
            count(one.bars),
            count(one.rows),
            count(one.files),
            count(one.links),
            one.reason,
        )
        for one in shown
    ]
    if rows:
        print_table(columns, rows, numbers=columns[2:6], folding=("found",))
    empty = sum(one.word == "empty" for one in proofs)
    good = sum(one.status.is_good for one in proofs) - empty
    how = " and computed again" if any(one.is_recomputed for one in proofs) else ""
    nothing = f"; nothing is held of {empty}" if empty else ""
    messages().print(f"{good} of {plural(len(proofs), 'symbol')} proven{how}{nothing}")
    remedies = [f"{one.symbol}: {one.remedy}" for one in proofs if one.remedy is not None]
    if remedies:
        more = f"; and {len(remedies) - _FEW} more" if len(remedies) > _FEW else ""
        messages().print(f"remedy: {'; '.join(remedies[:_FEW])}{more}")
