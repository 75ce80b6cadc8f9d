"""Sections 9, 10 and 12 of the canonical compute in plain Python, one bar at a time."""

import math
from collections.abc import Sequence

from regime_platform_tests.reference.percentile_reference import expanding

NAN = math.nan
FIRST = 20


def positive(value: float) -> float:
    """pos(x), 0 for NaN."""
    return value if value > 0 else 0.0


def average(window: Sequence[float]) -> float:
    """avg_w, exact for equal values."""
    if min(window) == max(window):
        return window[0]
    total = window[0]
    for value in window[1:]:
        total += value
    return total / len(window)


def blend(values: Sequence[float], t: int, width: int) -> float:
    """blend_w(x, t)."""
    before = values[t - width : t]
    return 0.35 * positive(values[t] - average(before)) + 0.65 * positive(values[t] - min(before))


def raw_components(
    dsr: Sequence[float],
    iix: Sequence[float],
    ss: Sequence[float],
    close: Sequence[float],
    ema_slow: Sequence[float],
) -> list[list[float]]:
    """c_1 .. c_5 over t."""
    dsr, iix, ss = dsr[FIRST:], iix[FIRST:], ss[FIRST:]
    apart = [
        abs(c - e) / max(e, 1e-12) for c, e in zip(close[FIRST:], ema_slow[FIRST:], strict=True)
    ]
    rows: list[list[float]] = []
    for t in range(len(dsr)):
        if t < 11:
            rows.append([NAN] * 5)
            continue
        fall = positive(average(ss[t - 10 : t]) - ss[t])
        rows.append([dsr[t], blend(dsr, t, 10), blend(iix, t, 5), fall, blend(apart, t, 5)])
    return [[row[k] for row in rows] for k in range(5)]


def escalation(components: list[list[float]], min_members: int) -> list[list[float]]:
    """esc_raw and p_1 .. p_5 over all bars."""
    ranked = [[NAN] * FIRST + expanding(component, min_members) for component in components]
    raw = [(a + b + c + d + e) / 5 for a, b, c, d, e in zip(*ranked, strict=True)]
    return [[NAN if math.isnan(x) else min(max(x, 0.0), 1.0) for x in raw], *ranked]


def within_eras(
    esc_raw: Sequence[float],
    ts_us: Sequence[int],
    eras: Sequence[tuple[int, int]],
    min_members: int,
    year_bars: int,
) -> tuple[list[float], list[float], list[float]]:
    """esc_pctl_era, its confidence and esc_pctl_era_adj."""
    count = len(esc_raw)
    pctl, confidence, adjusted = [NAN] * count, [NAN] * count, [NAN] * count
    for start, end in eras:
        inside = [i for i in range(count) if start <= ts_us[i] < end]
        ranked = expanding([esc_raw[i] for i in inside], min_members)
        for k, i in enumerate(inside):
            pctl[i] = ranked[k]
            confidence[i] = min(1.0, (k + 1) / year_bars)
            adjusted[i] = 0.5 + (pctl[i] - 0.5) * confidence[i]
    return pctl, confidence, adjusted


def largest_forward_return(close: Sequence[float], horizon: int = 20) -> list[float]:
    """fwd_absret_h."""
    out = []
    for i, now in enumerate(close):
        usable = math.isfinite(now) and now != 0
        moves = [abs(later / now - 1) for later in close[i + 1 : i + 1 + horizon] if usable]
        out.append(max((move for move in moves if not math.isnan(move)), default=NAN))
    return out


def event(rank: float) -> tuple[int, str | None]:
    """event_flag where there is a return, and event_severity."""
    for edge, name in ((0.99, "CRISIS"), (0.975, "SEVERE"), (0.95, "MODERATE")):
        if rank >= edge:
            return 1, name
    return 0, "MILD" if rank >= 0.90 else None
