"""The states of one symbol side by side, and below why each is what it is."""

from collections.abc import Callable, Mapping

from rich.padding import Padding
from rich.text import Text

from regime_platform.cli.screen import Cell, messages, print_table, results
from regime_platform.model.timeframes import is_intraday
from regime_platform.query.states import StateNow
from regime_platform.report.palette import BUCKET_COLOURS, readable

Line = tuple[str, Callable[[StateNow], Cell]]


def print_states(symbol: str, states: Mapping[str, StateNow]) -> None:
    """One column per timeframe."""
    if not states:
        text = f"{symbol} has no timeframe with enough bars for a state; see `regime board`"
        messages().print(text, markup=False)
        return
    rows = [[name, *(cell(one) for one in states.values())] for name, cell in _LINES]
    print_table([symbol, *states], rows, folding=tuple(states))
    console = results()
    console.print("why", style="bold")
    for name, one in states.items():
        top = ", ".join(map(readable, one.reasons_top)) or "nothing stands out"
        others = [readable(code) for code in one.reasons if code not in one.reasons_top]
        told = Text(f"{name}: {top}; also {', '.join(others)}")
        console.print(Padding(told, (0, 0, 0, 2)))
    newest = next(iter(states.values()))
    held_back = newest.held_back
    if newest.delisted:
        console.print(f"delisted since {newest.delisted}: no newer bars", style="yellow")
    if newest.read_as:
        console.print(newest.read_as, style="yellow", markup=False, soft_wrap=True)
    if held_back:
        text = f"newer bars are held back by the gate: {held_back}"
        console.print(text, style="yellow", markup=False)


def _metric(name: str, form: str = ".2f") -> Callable[[StateNow], Cell]:
    return lambda one: _told(one.metrics[name], form)


def _told(value: float | None, form: str) -> str:
    return "·" if value is None else format(value, form)


def _labelled(name: str, word: str) -> Callable[[StateNow], Cell]:
    return lambda one: f"{_told(one.metrics[name], '.2f')} {readable(one.words[word] or '·')}"


def _since(one: StateNow) -> str:
    form = "%Y-%m-%d %H:%M" if is_intraday(one.timeframe) else "%Y-%m-%d"
    return one.since.strftime(form)


def _as_of(one: StateNow) -> str:
    form = "%Y-%m-%d %H:%M" if is_intraday(one.timeframe) else "%Y-%m-%d"
    return one.as_of.strftime(form)


def _escalation(one: StateNow) -> Cell:
    if one.escalation_percentile is None:
        return "too few bars"
    colour = BUCKET_COLOURS[one.escalation_bucket]
    return Text(f"{one.escalation_percentile:.2f} {one.escalation_bucket}", style=colour)


def _hazard(one: StateNow) -> str:
    return "·" if one.hazard_score is None else f"{one.hazard_score:.0f}"


def _consensus(one: StateNow) -> str:
    return "·" if one.consensus is None else f"{one.consensus:.2f}"


_LINES: tuple[Line, ...] = (
    ("regime", lambda one: Text(readable(one.regime), style="bold")),
    ("since", _since),
    ("for bars", lambda one: f"{one.bars:,}"),
    ("last bar", _as_of),
    ("bias", lambda one: readable(one.bias)),
    ("posture", lambda one: readable(one.posture)),
    ("confidence", lambda one: f"{one.confidence:.2f}"),
    ("escalation", _escalation),
    ("hazard", _hazard),
    ("consensus", _consensus),
    ("price", _metric("price", ",.6g")),
    ("market bias", _metric("market_bias", "+.2f")),
    ("risk level", _metric("risk_level")),
    ("volatility", _labelled("vrs", "vol_label")),
    ("breakout up", _metric("breakout_up")),
    ("breakout down", _metric("breakout_down")),
    ("shock risk", _metric("downside_shock_risk")),
    ("structure", _metric("structural_score", "+.2f")),
    ("momentum", _metric("cms", "+.2f")),
    ("liquidity", _labelled("lq", "lq_label")),
    ("instability", _metric("instability_index")),
    ("asymmetry", _metric("asymmetry_metric", "+.2f")),
)
