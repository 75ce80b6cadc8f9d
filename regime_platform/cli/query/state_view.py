"""The states of one symbol as a table with a column per timeframe, and their reasons."""

from collections.abc import Callable, Mapping

from rich.padding import Padding
from rich.text import Text

from regime_platform.cli.console.screen import Cell, messages, print_table, results
from regime_platform.model.timeframes import is_intraday
from regime_platform.query.states import StateNow
from regime_platform.report.palette import BUCKET_COLOURS, readable

Line = tuple[str, Callable[[StateNow], Cell]]


def print_states(symbol: str, states: Mapping[str, StateNow]) -> None:
    """One column per timeframe."""
    if not states:
        text = f"{symbol} has no timeframe with enough bars for a state; see `regime board`"
        messages().print(text)
        return
    rows = [[name, *(cell(state) for state in states.values())] for name, cell in _LINES]
    print_table([symbol, *states], rows, folding=tuple(states))
    console = results()
    console.print("reasons", style="bold")
    for name, state in states.items():
        top = ", ".join(map(readable, state.reasons_top)) or "no dominant reason"
        others = [readable(code) for code in state.reasons if code not in state.reasons_top]
        line = Text(f"{name}: {top}; also {', '.join(others)}")
        console.print(Padding(line, (0, 0, 0, 2)))
    newest = next(iter(states.values()))
    if newest.delisted:
        console.print(f"delisted since {newest.delisted}: no newer bars", style="yellow")
    if newest.read_as:
        console.print(newest.read_as, style="yellow", soft_wrap=True)
    if newest.held_back:
        text = f"newer bars are blocked by the gate: {newest.held_back}"
        console.print(text, style="yellow")


def _metric(name: str, form: str = ".2f") -> Callable[[StateNow], Cell]:
    return lambda state: _number(state.metrics[name], form)


def _number(value: float | None, form: str) -> str:
    return "·" if value is None else format(value, form)


def _labelled(name: str, word: str) -> Callable[[StateNow], Cell]:
    return lambda state: (
        f"{_number(state.metrics[name], '.2f')} {readable(state.words[word] or '·')}"
    )


def _since(state: StateNow) -> str:
    form = "%Y-%m-%d %H:%M" if is_intraday(state.timeframe) else "%Y-%m-%d"
    return state.since.strftime(form)


def _as_of(state: StateNow) -> str:
    form = "%Y-%m-%d %H:%M" if is_intraday(state.timeframe) else "%Y-%m-%d"
    return state.as_of.strftime(form)


def _escalation(state: StateNow) -> Cell:
    if state.escalation_percentile is None:
        return "too few bars"
    colour = BUCKET_COLOURS[state.escalation_bucket]
    return Text(f"{state.escalation_percentile:.2f} {state.escalation_bucket}", style=colour)


def _score(state: StateNow) -> str:
    return "·" if state.hazard_score is None else f"{state.hazard_score:.0f}"


def _mean_escalation(state: StateNow) -> str:
    return "·" if state.consensus is None else f"{state.consensus:.2f}"


_LINES: tuple[Line, ...] = (
    ("regime", lambda state: Text(readable(state.regime), style="bold")),
    ("since", _since),
    ("bars so far", lambda state: f"{state.bars:,}"),
    ("last bar", _as_of),
    ("bias", lambda state: readable(state.bias)),
    ("posture", lambda state: readable(state.posture)),
    ("confidence", lambda state: f"{state.confidence:.2f}"),
    ("escalation", _escalation),
    ("escalation score", _score),
    ("mean escalation", _mean_escalation),
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
