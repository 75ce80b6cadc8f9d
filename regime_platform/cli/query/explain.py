"""`regime explain`: why a number is what it is, and where it comes from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from regime_platform.audit.results_as_of import explain_as_of
from regime_platform.cli.console.clock import Clock, past
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.numbers import number
from regime_platform.cli.console.options import AsOf, Symbol, TimeframeWord
from regime_platform.cli.console.output import ALL_GOOD, NOTHING_SUCCEEDED, Output
from regime_platform.cli.console.screen import plural
from regime_platform.cli.query.as_of import print_provenance
from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.calendar.lateness import age_lines
from regime_platform.model.instants import iso
from regime_platform.model.moments import moment
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.classification import Comparison, EvaluatedRule
from regime_platform.query.explain import Explained
from regime_platform.query.explain import explain as explain_stored
from regime_platform.query.explanation import Explanation, explanation_document
from regime_platform.query.ranking import Ranking
from regime_platform.report.flip_text import edge_text, flip_text
from regime_platform.report.palette import BUCKET_COLOURS, readable


def explain(  # noqa: PLR0913 - one parameter per option
    symbol: Symbol,
    timeframe: TimeframeWord,
    bar: Annotated[str, typer.Argument(help="The open of the bar, an ISO time (UTC) or date.")],
    as_of: AsOf = None,
    *,
    clock: Clock,
    out: Output,
) -> int:
    opens = moment(bar, "BAR")
    warm()
    if as_of is None:
        stored = explain_stored(symbol, timeframe, opens, now=clock.moment())
        explanation = stored.explanation
        out.document(stored.document())
        _print_explanation(explanation, out)
        if finer := stored.made_from["derived_from"]:
            out.line(f"  built from {finer} bars")
        _print_origin(stored, out)
    else:
        workspace, known_by = RunWorkspace.open(), past(as_of)
        instrument = workspace.universe.instrument(symbol)
        explanation, then = explain_as_of(workspace, instrument, timeframe, opens, known_by)
        out.document({**explanation_document(explanation), "then": then.as_json()})
        _print_explanation(explanation, out)
        if finer := then.known.series[explanation.timeframe].derived_from:
            out.line(f"  built from {finer} bars")
        print_provenance(then, out)
    for mismatch in explanation.wrong:
        out.line(f"inconsistent: {mismatch}", "bold red")
    if explanation.wrong:
        return NOTHING_SUCCEEDED
    out.line("every rank, mean and rule shown here gives the number stored with it", "green")
    return ALL_GOOD


def _print_explanation(explanation: Explanation, out: Output) -> None:
    out.line(f"{explanation.symbol} {explanation.timeframe} {iso(explanation.ts)}", "bold")
    if explanation.escalation is None:
        out.line("escalation: too few bars")
    else:
        _print_escalation(explanation.escalation, explanation, out)
    _print_regime(explanation, out)
    out.line("metrics", "bold")
    for line in _metrics(explanation):
        out.line(f"  {line}")
    if explanation.still_warming_up:
        names = ", ".join(map(readable, explanation.still_warming_up))
        out.line(f"  too few bars yet, fixed default values: {names}", "yellow")
    out.line("made from", "bold")
    used = explanation.bars_used
    out.line(f"  bar {iso(used.last)}: {_prices(explanation.bar)}")
    span = f"{iso(used.first)} to {iso(used.last)}"
    out.line(f"  {used.count:,} bars, {span}, none later; digest {used.digest}")


def _print_escalation(ranking: Ranking, explanation: Explanation, out: Output) -> None:
    stored = ranking.stored
    bucket = str(stored["esc_bucket"])
    heading = f"escalation {number(stored['esc_pctl'])} {bucket}: {readable(ranking.action)}"
    basis = "" if ranking.rank_basis is None else f"; {ranking.rank_basis}"
    out.line(f"{heading}{basis}", f"bold {BUCKET_COLOURS[bucket]}")
    for line in _signal(ranking, explanation):
        out.line(f"  {line}")
    rows = [
        (
            readable(part.name.removeprefix("esc_")),
            number(part.raw),
            "·" if part.rank is None else str(part.rank),
            number(part.percentile),
            number(part.weight),
            part.meaning,
        )
        for part in ranking.components
    ]
    columns = ("component", "raw", "k of n", "percentile", "weight", "measures")
    out.table(columns, rows, numbers=columns[1:5], folding=("measures",))
    others = [
        f"{name.removeprefix('esc_pctl_')} {number(value)}"
        for name, value in stored.items()
        if name.startswith("esc_pctl_") and "era" not in name and value is not None
    ]
    out.line(f"  other percentiles of esc_raw: {', '.join(others) or 'none yet'}")


def _signal(ranking: Ranking, explanation: Explanation) -> Iterator[str]:
    """From the mean of the components to the signal, line by line."""
    version, reason = explanation.eras["version"], explanation.eras["reason"]
    stored, rank, era = ranking.stored, ranking.rank_in_era, ranking.era
    bars = f"{ranking.bars_in_era:,} bars"
    yield f"esc_raw {number(stored['esc_raw'])}: the mean of the five percentiles below"
    if era is None:
        yield f"the bar lies in no era of {version}, so there is no percentile"
        return
    span = f"{era['from'] or 'the beginning'} to {era['until'] or 'now'}"
    where = f"era {era['index'] + 1} of {era['of']} ({version}, {span})"
    if rank is None:
        yield f"{where}: {bars} of it so far are too few for a rank"
        return
    counts = f"{rank.below:,} below, {rank.equal:,} equal, {rank.missing:,} missing"
    yield f"{where}: {rank} ({counts}) = {number(rank.percentile)}"
    trust = number(stored["esc_pctl_era_confidence"])
    yield f"confidence in the era {trust}: it has {bars} so far, a year {ranking.year_bars:,}"
    formula = f"0.5 + ({number(stored['esc_pctl_era'])} - 0.5) x {trust}"
    yield f"signal {formula} = {number(stored['esc_pctl'])}"
    yield f"eras: {reason}"


def _print_regime(explanation: Explanation, out: Output) -> None:
    regime, rules = explanation.regime, explanation.rules
    labels = [readable(regime[name]) for name in ("regime_label", "regime_bias", "risk_posture")]
    out.line(f"regime {', '.join(labels)}, confidence {number(regime['confidence'])}", "bold")
    bars = plural(explanation.regime_bars, "bar")
    out.line(f"  since {iso(explanation.began.ts)} ({bars}): {flip_text(explanation.began)}")
    if explanation.nearest_edge is not None:
        out.line(f"  nearest edge of its rule: {edge_text(explanation.nearest_edge)}")
    guardrail = [] if rules.guardrail is None else [rules.guardrail]
    for title, evaluated in (
        ("label", rules.label_rules),
        ("bias", rules.bias_rules),
        ("posture", rules.posture_rules),
        ("guardrail", guardrail),
    ):
        _print_rules(title, evaluated, out)
    qualities = rules.qualities
    terms = [
        f"{number(weight)} x {readable(name)} {number(qualities[name])}"
        for name, weight in rules.confidence_weights.items()
    ]
    trust = f"asymmetry quality {number(qualities['asymmetry_quality'])} x ({' + '.join(terms)})"
    out.line(f"  confidence: {trust}")
    out.line(f"  reasons: {', '.join(map(readable, explanation.regime_reasons))}")
    out.line(f"  tags: {', '.join(map(readable, explanation.strategy_tags))}")


def _print_rules(title: str, rules: Sequence[EvaluatedRule], out: Output) -> None:
    failed = [readable(rule.gives) for rule in rules if not rule.holds]
    before = f" (not {', not '.join(failed)})" if failed else ""
    for rule in rules:
        if rule.holds:
            note = f"; {rule.note}" if rule.note and rule.ways else ""
            out.line(f"  {title} {readable(rule.gives)}{before}: {_conditions(rule)}{note}")


def _conditions(rule: EvaluatedRule) -> str:
    fulfilled = [way for way in rule.ways if all(part.holds for part in way)]
    return " or ".join(" and ".join(map(_comparison, way)) for way in fulfilled) or rule.note


def _comparison(part: Comparison) -> str:
    return f"{readable(part.name)} {number(part.value)} {part.relation} {number(part.edge)}"


def _metrics(explanation: Explanation) -> Iterator[str]:
    levels = explanation.levels
    yield ", ".join(f"{readable(name)} {number(v)}" for name, v in explanation.metrics.items())
    yield ", ".join(f"{readable(name)} {readable(v)}" for name, v in explanation.words.items())
    for side in ("support", "resistance"):
        shown = [
            f"{number(levels[f'{side}_{rank}_price'])} "
            f"(strength {number(levels[f'{side}_{rank}_strength'])})"
            for rank in (1, 2, 3)
            if levels[f"{side}_{rank}_price"] is not None
        ]
        yield f"{side}: {', '.join(shown) or 'none'}"


def _prices(bar: Mapping[str, float | None]) -> str:
    known = {name: value for name, value in bar.items() if value is not None}
    return ", ".join(f"{name} {number(value, 10)}" for name, value in known.items())


def _revised(before: Mapping[str, Any], revision: Mapping[str, Any]) -> str:
    """The close of a revision, and what else differs from the one before it."""
    others = [
        f"{name} {number(before[name], 10)} -> {number(revision[name], 10)}"
        for name in (*PRICE_COLUMNS, "volume")
        if name != "close" and before and before[name] != revision[name]
    ]
    return ", ".join((f"close {number(revision['close'], 10)}", *others))


def _print_origin(explained: Explained, out: Output) -> None:
    """Fetches, code and manifests of the stored results."""
    before: Mapping[str, Any] = {}
    for place, revision in enumerate(explained.origin["revisions"], 1):
        basis = revision["price_basis"].replace("_", " ")
        values = f"{_revised(before, revision)} from {revision['source']} ({basis})"
        fetched = f"fetched {iso(revision['fetched_at'])}, raw file {revision['raw_file']}"
        out.line(f"  revision {place}: {values}, {fetched}")
        before = revision
    for override in explained.origin["decisions"]:
        author = f"{override['kind']} by {override['by']} {override['at']}"
        out.line(f"  override {override['id']}: {author}: {override['reason']}")
    opens = explained.explanation.ts.date().isoformat()
    for action in explained.origin["actions"]:
        what = f"split {action['ratio']} on {action['date']}, by {action['by']}"
        effect = "its" if opens < action["date"] else "earlier"
        out.line(f"  action {action['id']}: {effect} prices are divided by {what}")
    made_from = explained.made_from
    code = made_from["code"]
    commit = code.get("commit") or "no git commit"
    dirty = ", with uncommitted changes" if code.get("is_dirty") else ""
    same = "the installed code" if made_from["is_installed_code"] else "not the installed code"
    out.line(f"  code {code.get('package')}, {commit}{dirty}; {same}")
    out.line(f"  compute sources {made_from['compute_digest']}")
    out.line(f"  parameters {made_from['params_fingerprint']}")
    libraries = ", ".join(f"{name} {version}" for name, version in made_from["libraries"].items())
    out.line(f"  calculated by {libraries}")
    for kind in ("bars", "results"):
        manifest = explained.manifests[kind]
        if manifest is None:
            out.line(f"  there is no manifest of the {kind}", "yellow")
            continue
        recipe = f", recipe {manifest['recipe_digest'][:12]}" if kind == "results" else ""
        name = f"{manifest['file']} {manifest['number']} of {manifest['written_at']}"
        content = f"(content {manifest['content_digest'][:12]}{recipe})"
        out.line(f"  {name}, digest {manifest['digest']} {content}")
    age = explained.age
    for line in () if age is None else age_lines({age.timeframe: age}):
        out.line(f"  {line}", "yellow" if age is not None and age.is_stale else "")
    for note in explained.notes:
        out.line(f"  note: {note}", "yellow")
