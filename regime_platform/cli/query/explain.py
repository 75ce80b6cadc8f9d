"""`regime explain`: why a number is what it is, and where it comes from."""

from typing import Annotated

import typer

from regime_platform.audit.explain_as_of import ExplainedAsOf
from regime_platform.cli.console.clock import instant_of
from regime_platform.cli.console.exits import NOTHING_SUCCEEDED
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.options import AsOf, Json, Symbol
from regime_platform.cli.console.screen import print_json, results
from regime_platform.cli.query.answers import TimeframeWord, print_provenance
from regime_platform.cli.query.explain_view import print_explanation, print_verdict
from regime_platform.model.instants import iso
from regime_platform.query.explain import Explained, MadeFrom
from regime_platform.query.explanation import Explanation
from regime_platform.query.provenance import BarOrigin, ManifestSummaries


def explain(
    symbol: Symbol,
    timeframe: TimeframeWord,
    bar: Annotated[str, typer.Argument(help="The open of the bar, an ISO time (UTC) or date.")],
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Explain the numbers of one bar: inputs, ranks, rules, manifests and code."""
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
        from regime_platform.audit.documents import explained_as_of_document
        from regime_platform.audit.explain_as_of import explain_as_of
        from regime_platform.cli.console.clock import past
        from regime_platform.pipeline.run_workspace import RunWorkspace

        workspace, moment = RunWorkspace.open(), past(as_of)
        instrument = workspace.universe.instrument(symbol)
        then = explain_as_of(workspace, instrument, timeframe, opens, moment)
        explanation = then.explanation
        if as_json:
            print_json(explained_as_of_document(then))
        else:
            print_explanation(explanation)
            print_as_of(then)
    if not as_json:
        print_verdict(explanation)
    if explanation.wrong:
        raise typer.Exit(NOTHING_SUCCEEDED)


def print_origin(explained: Explained) -> None:
    """Bars, fetches, code and manifests of the stored results."""
    _print_bars(explained.explanation)
    _print_revisions(explained.origin)
    _print_code(explained.made_from)
    _print_manifests(explained.manifests)
    for note in explained.notes:
        _print(f"  note: {note}", "yellow")


def print_as_of(explained: ExplainedAsOf) -> None:
    """The bars, and how far the results of that time are proven."""
    _print_bars(explained.explanation)
    print_provenance(explained.then)


def _print_bars(explanation: Explanation) -> None:
    _print("made from", "bold")
    bar, ts = explanation.bar, iso(explanation.ts)
    prices = ", ".join(f"{name} {value:,.10g}" for name, value in bar.items() if value is not None)
    _print(f"  bar {ts}: {prices}")
    span = f"{iso(explanation.first_bar)} to {ts}"
    count = f"{explanation.bars_used:,} bars"
    _print(f"  {count}, {span}, none later; digest {explanation.bars_digest}")


def _print_revisions(origin: BarOrigin) -> None:
    for number, revision in enumerate(origin.revisions, 1):
        basis = revision.price_basis.replace("_", " ")
        close = f"close {revision.prices['close']:,.10g} from {revision.source} ({basis})"
        fetched = f"fetched {iso(revision.fetched_at)}, raw file {revision.raw_file}"
        _print(f"  revision {number}: {close}, {fetched}")
    for override in origin.overrides:
        author = f"{override.kind} by {override.by} {override.at}"
        _print(f"  override {override.id}: {author}: {override.reason}")


def _print_code(made_from: MadeFrom) -> None:
    code = made_from.code
    commit = code.get("commit") or "no git commit"
    dirty = ", with uncommitted changes" if code.get("is_dirty") else ""
    same = "the installed code" if made_from.is_installed_code else "not the installed code"
    _print(f"  code {code.get('package')}, {commit}{dirty}; {same}")
    _print(f"  compute sources {made_from.compute_digest}")
    _print(f"  parameters {made_from.params_fingerprint}")
    libraries = ", ".join(f"{name} {version}" for name, version in made_from.libraries.items())
    _print(f"  calculated by {libraries}")


def _print_manifests(manifests: ManifestSummaries) -> None:
    for kind, manifest in (("bars", manifests.bars), ("results", manifests.results)):
        if manifest is None:
            _print(f"  there is no manifest of the {kind}", "yellow")
            continue
        recipe = f", recipe {manifest.recipe_digest[:12]}" if manifest.recipe_digest else ""
        name = f"{manifest.file} {manifest.number} of {manifest.written_at}"
        content = f"(content {manifest.content_digest[:12]}{recipe})"
        _print(f"  {name}, digest {manifest.digest} {content}")
        if not manifest.is_whole:
            _print(f"  {manifest.file} was changed after it was written", "bold red")


def _print(text: str, style: str = "") -> None:
    results().print(text, style=style, soft_wrap=True)
