"""`regime verify` and `regime repair`: verify stored data, a bundle or a past moment; repair."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from regime_platform.audit.bundle.verify import verify_bundle
from regime_platform.audit.provenance import Provenance, ProvenanceStatus
from regime_platform.audit.repair import repair_many
from regime_platform.audit.repair_plan import RepairPlan
from regime_platform.audit.results_as_of import results_as_of
from regime_platform.audit.verify.verification import FindingKind, Verification
from regime_platform.audit.verify.verify import verify_many
from regime_platform.cli.console.clock import Clock, past
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.options import AsOf
from regime_platform.cli.console.output import (
    ALL_GOOD,
    NOTHING_SUCCEEDED,
    LongOutput,
    Output,
    code_of,
    code_of_counts,
)
from regime_platform.cli.console.progress import announced, counted
from regime_platform.cli.console.screen import count, plural, styled
from regime_platform.cli.console.selection import Selection, SymbolChoice
from regime_platform.cli.query.as_of import PROVENANCE_TITLES
from regime_platform.errors import UsageError, failure_reason
from regime_platform.manifests.standing import RESULTS_PENDING
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.board import try_refresh_board
from regime_platform.pipeline.outbox import Outbox
from regime_platform.pipeline.run_workspace import RunWorkspace

_FEW = 20  # symbols; so many are all shown


def verify(
    choice: SymbolChoice,
    *,
    recompute: Annotated[
        bool,
        typer.Option(
            "--recompute", help="Also recompute bars and results and compare; implied by --as-of."
        ),
    ] = False,
    as_of: AsOf = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", help="Verify this bundle on its own, without a data root."),
    ] = None,
    out: LongOutput,
) -> int:
    if bundle is not None:
        if choice or as_of:
            raise UsageError(
                "--bundle verifies the whole bundle; leave out symbols and --as-of",
                code="conflicting-options",
            )
        return _verify_bundle(bundle, out, recompute=recompute)
    workspace, instruments = choice.open()
    if as_of is not None:
        return _verify_as_of(Selection(workspace, instruments), as_of, out)
    if recompute:
        warm()
    workers = workspace.settings.workers
    running = verify_many(workspace, instruments, recompute=recompute, workers=workers)
    proofs = list(counted(running, len(instruments)))
    code = code_of(proofs)
    out.document({"exit_code": code, "symbols": [proof.as_json() for proof in proofs]})
    _print_proofs(proofs, out)
    return code


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
    clock: Clock,
    out: Output,
) -> int:
    (workspace, instruments), at = choice.open(), clock.moment()
    if yes:
        warm()
    outcomes = list(
        repair_many(workspace, instruments, at, accept_loss=accept_loss, only_plan=not yes)
    )
    code = code_of(outcomes)
    outbox = Outbox(workspace.settings)
    problem = ""
    if yes:
        outbox.leave_stored(it.symbol for it in outcomes if not it.plan.is_empty)
        problem = try_refresh_board(workspace, [])
    documents = [outcome.as_json() for outcome in outcomes]
    out.document({"exit_code": code, "was_done": yes, "symbols": documents})
    out.problem(problem)
    out.problem(outbox.problem)
    for outcome in outcomes if yes else ():
        out.problem(_to_compare(workspace, outcome.plan))
    columns = ("symbol", "now", "set aside", "steps", "note")
    rows = [
        (
            outcome.symbol,
            styled(outcome.after.result),
            ", ".join(outcome.plan.set_aside),
            "; ".join(outcome.plan.sentences),
            outcome.reason or outcome.after.reason,
        )
        for outcome in outcomes
        if outcome.plan.before.findings
    ]
    if rows:
        out.table(columns, rows, folding=columns[2:])
    planned = [outcome for outcome in outcomes if not outcome.plan.is_empty]
    symbols, good = plural(len(planned), "symbol"), sum(it.status.is_good for it in planned)
    hint = "; nothing was done yet; --yes does it" if planned else ""
    out.note(f"{good} of {symbols} repaired" if yes else f"{symbols} to repair{hint}")
    return code


def _to_compare(workspace: RunWorkspace, plan: RepairPlan) -> str:
    """What a repair cannot know to be lost; empty where it could lose nothing."""
    if not plan.to_compare:
        return ""
    folder = workspace.root.symbol(plan.symbol).set_aside
    return (
        f"{plan.symbol}: {' and '.join(plan.to_compare)} made again as the last run applied it; an "
        f"entry made after that is only in the damaged copy in {folder}: look there, and enter it "
        "again"
    )


def _print_proofs(proofs: Sequence[Verification], out: LongOutput) -> None:
    is_whole = out.all_rows or len(proofs) <= _FEW
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
        for proof in proofs
        if is_whole or proof.findings
    ]
    if rows:
        out.table(columns, rows, numbers=columns[2:6], folding=("findings",))
    empty = sum(proof.result == FindingKind.NO_BARS for proof in proofs)
    pending = sum(proof.is_pending for proof in proofs if proof.status.is_good)
    good = sum(proof.status.is_good for proof in proofs) - pending
    how = " and recomputed" if any(proof.is_recomputed for proof in proofs) else ""
    nothing = f"; {empty} without bars" if empty else ""
    later = f"; of {pending} the bars, with {RESULTS_PENDING}" if pending else ""
    out.note(f"{good} of {plural(len(proofs), 'symbol')} proven{how}{later}{nothing}")
    waiting = [proof for proof in proofs if proof.remedy is not None]
    if waiting:
        more = f"; and {len(waiting) - _FEW} more" if len(waiting) > _FEW else ""
        out.note(f"remedy: {'; '.join(_remedies(waiting[:_FEW]))}{more}")


def _remedies(proofs: Sequence[Verification]) -> Iterator[str]:
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
    yield from (f"{command} {' '.join(names)}" for command, names in symbols.items())
    yield from others


def _verify_bundle(bundle: Path, out: Output, *, recompute: bool) -> int:
    if recompute:
        warm()
    proof = verify_bundle(bundle, recompute=recompute)
    out.document(proof.model_dump(mode="json"))
    rows = [(finding.symbol or "all", finding.what, finding.reason) for finding in proof.findings]
    if rows:
        out.table(("symbol", "what", "finding"), rows, folding=("finding",))
    how = " and recomputed" if proof.is_recomputed else ""
    symbols = f"{plural(len(proof.symbols), 'symbol')} " if proof.symbols else ""
    out.note(f"{symbols}{f'proven{how}' if proof.is_proven else 'not proven'}")
    out.note(f"digest {proof.digest} of {proof.snapshot}")
    return ALL_GOOD if proof.is_proven else NOTHING_SUCCEEDED


def _verify_as_of(selection: Selection, as_of: str, out: Output) -> int:
    """Recomputes the results of that time and compares them with their records."""
    moment = past(as_of)
    warm()
    answers = {
        instrument.symbol: _verified_as_of(selection.workspace, instrument, moment)
        for instrument in announced(selection.instruments)
    }
    out.document([document for _, document in answers.values()])
    rows = [
        (symbol, PROVENANCE_TITLES[provenance.status][0], provenance.reason)
        for symbol, (provenance, _) in answers.items()
    ]
    out.table(("symbol", "status", "reason"), rows, folding=("reason",))
    proven = sum(it.status is ProvenanceStatus.PROVEN for it, _ in answers.values())
    symbols = plural(len(answers), "symbol")
    out.note(f"{proven} of {symbols} recomputed and proven as of {as_of}")
    return code_of_counts(proven, len(answers))


def _verified_as_of(
    workspace: RunWorkspace, instrument: Instrument, at: dt.datetime
) -> tuple[Provenance, dict[str, Any]]:
    """The provenance of the results of one symbol, and their document."""
    try:
        then = results_as_of(workspace, instrument, at)
    except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
        reason = failure_reason(error, instrument.symbol)
        unknown = Provenance(status=ProvenanceStatus.UNKNOWN, reason=reason)
        document = {"symbol": instrument.symbol, "terms": unknown.model_dump(mode="json")}
        return unknown, {**document, "is_recomputed": False}
    return then.provenance, {**then.as_json(), "is_recomputed": True}
