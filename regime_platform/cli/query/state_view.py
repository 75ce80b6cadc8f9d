"""The states of one symbol as a table with a column per timeframe, and their reasons."""

from collections.abc import Mapping

from rich.text import Text

from regime_platform.cli.console.numbers import NONE, number, numbers, opens
from regime_platform.cli.console.output import Output
from regime_platform.cli.console.screen import Cell, messages
from regime_platform.compute.maturity import marked
from regime_platform.model.calendar.lateness import age_lines
from regime_platform.query.states import StateNow
from regime_platform.report.flip_text import edge_text, flip_text
from regime_platform.report.palette import BUCKET_COLOURS, readable
from regime_platform.validation.finding_counts import finding_lines
from regime_platform.validation.verdict import built_from

_DIGITS = 4
#: Title -> metric, and the word that describes it.
_METRICS = {
    "market bias": ("market_bias", ""),
    "risk level": ("risk_level", ""),
    "volatility": ("vrs", "vol_label"),
    "breakout up": ("breakout_up", ""),
    "breakout down": ("breakout_down", ""),
    "shock risk": ("downside_shock_risk", ""),
    "structure": ("structural_score", ""),
    "momentum": ("cms", ""),
    "liquidity": ("lq", "lq_label"),
    "instability": ("instability_index", ""),
    "asymmetry": ("asymmetry_metric", ""),
}
#: Cells of one line per timeframe -> title of their columns.
_SHORT = {
    "regime": "regime",
    "since": "since",
    "bars so far": "bars",
    "last bar": "last bar",
    "escalation": "escalation",
}
_SIGNED = {"market_bias", "structural_score", "cms", "asymmetry_metric"}  # from -1 to 1


def print_states(
    symbol: str,
    states: Mapping[str, StateNow],
    out: Output,
    too_few_bars: Mapping[str, str],
    *,
    is_short: bool,
) -> None:
    """One column per timeframe, or in short a line; ``too_few_bars`` says why there is none."""
    if out.as_json:
        return
    if not states:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in too_few_bars.items())
        text = f"{symbol} has no timeframe with enough bars for a state"
        messages().print(f"{text}; {reasons or 'see `regime board --by-timeframe`'}")
        return
    columns = {name: _cells(state) for name, state in states.items()}
    if is_short:
        rows = [[name, *(cells[title] for title in _SHORT)] for name, cells in columns.items()]
        out.table([symbol, *_SHORT.values()], rows, numbers=("bars",), folding=("regime",))
    else:
        titles = next(iter(columns.values()))
        rows = [[title, *(cells[title] for cells in columns.values())] for title in titles]
        out.table([symbol, *states], rows, folding=tuple(states))
    _print_ages(states, out)
    _print_why(states, out, is_short=is_short)
    _print_notes(symbol, states, out)


def _print_ages(states: Mapping[str, StateNow], out: Output) -> None:
    ages = {name: state.age for name, state in states.items() if state.age is not None}
    for line in age_lines(ages):
        out.line(line, "yellow" if any(age.is_stale for age in ages.values()) else "")


def _print_why(states: Mapping[str, StateNow], out: Output, *, is_short: bool) -> None:
    """What began each regime and is nearest to ending it, and in full the reasons of its bar."""
    for name, state in states.items():
        edge = state.nearest_edge
        until = "" if edge is None else f"; nearest edge {edge_text(edge)}"
        since = "" if is_short else f"{readable(state.regime)} since {opens(state.since, name)}, "
        if state.began is not None:
            out.paragraph(f"{name}: {since}{flip_text(state.began)}{until}")
    if is_short:
        return
    out.line("reasons", "bold")
    for name, state in states.items():
        top = ", ".join(map(readable, state.reasons_top)) or "no dominant reason"
        others = [readable(code) for code in state.reasons if code not in state.reasons_top]
        out.paragraph(f"{name}: {top}; also {', '.join(others)}")


def _print_notes(symbol: str, states: Mapping[str, StateNow], out: Output) -> None:
    newest = next(iter(states.values()))
    if newest.delisted:
        out.line(f"delisted since {newest.delisted}: no newer bars", "yellow")
    for name, reason in newest.too_few_bars.items():
        out.line(f"{name}: {reason}", "yellow")
    if newest.read_as:
        out.line(newest.read_as, "yellow")
    if newest.blocked:
        out.line(f"newer bars are blocked by the gate: {newest.blocked}", "yellow")
    for note in newest.fetch_notes:
        out.line(note, "yellow")
    if newest.results_pending:
        out.line(newest.results_pending, "yellow")
    if newest.left_out:
        out.line(f"the mean escalation leaves out {', '.join(newest.left_out)}", "yellow")
    derived = {name: state.derived_from for name, state in states.items() if state.derived_from}
    for line in built_from(derived):
        out.line(line)
    counts = {name: state.findings for name, state in states.items() if state.findings is not None}
    questions = {name: state.question for name, state in states.items() if state.question}
    for line in finding_lines(symbol, counts, questions):
        out.line(line)


def _cells(state: StateNow) -> dict[str, Cell]:
    """Title -> cell, in the order shown."""
    values = [state.metrics[name] for name, _ in _METRICS.values()]
    metrics = [
        f"+{text}" if name in _SIGNED and value is not None and value > 0 else text
        for (name, _), value, text in zip(
            _METRICS.values(), values, numbers(values, _DIGITS), strict=True
        )
    ]
    labels = (readable(state.words[word] or NONE) if word else "" for _, word in _METRICS.values())
    escalation: Cell = "too few bars"
    basis = state.rank_basis
    if state.escalation_percentile is not None:
        bucket = state.escalation_bucket
        shown = marked(bucket, is_immature=basis is not None and basis.is_immature)
        text = f"{number(state.escalation_percentile, _DIGITS)} {shown}"
        escalation = Text(text, style=BUCKET_COLOURS[bucket])
    return {
        "regime": Text(readable(state.regime), style="bold"),
        "since": opens(state.since, state.timeframe),
        "bars so far": f"{state.bars:,}",
        "last bar": opens(state.as_of, state.timeframe),
        "bias": readable(state.bias),
        "posture": readable(state.posture),
        "confidence": number(state.confidence, _DIGITS),
        "escalation": escalation,
        "ranked on": NONE if basis is None else basis.past,
        "escalation score": number(state.hazard_score, _DIGITS),
        "mean escalation": number(state.consensus, _DIGITS),
        "price": number(state.metrics["price"]),
        **{
            title: f"{value} {label}".rstrip()
            for title, value, label in zip(_METRICS, metrics, labels, strict=True)
        },
    }
