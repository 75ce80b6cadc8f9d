"""An alert of changes is grouped, the most important first, and at most a screen."""

from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.alerts.changes import changes_alert, line_of, sent_changes
from regime_platform.orchestration.alerts.confirmation import Change, Look
from regime_platform.orchestration.alerts.rules import AlertRules, Rule
from regime_platform_tests.conftest import NOW

ALL = AlertRules(rules=(Rule(),))


def _universe(daily: int) -> Universe:
    names = {"SPY": "core", **{f"D{number:02}": "daily" for number in range(daily)}}
    return Universe(
        tuple(
            Instrument(symbol=name, name=name, asset_class="US_EQUITY", tier=tier, source="files")
            for name, tier in names.items()
        )
    )


def _change(
    symbol: str,
    before: tuple[str, str],
    after: tuple[str, str],
    timeframe: str = "1day",
    rank: float | None = None,
) -> Change:
    look = Look(after[0], 3, after[1], rank, 900, is_immature=rank == 0.91)
    return Change(symbol, timeframe, before, after, look)


CALM, BUSY = ("TRANSITION", "LOW"), ("CHOP_RISK", "LOW")
HIGH, PANIC = ("TRANSITION", "HIGH"), ("PANIC_RISK", "HIGH")


def test_the_groups_are_in_order_and_core_comes_first() -> None:
    changes = [
        _change("D00", CALM, BUSY),
        _change("D01", HIGH, CALM),
        _change("D00", PANIC, CALM, "1week"),
        _change("D01", CALM, HIGH, "1week"),
        _change("SPY", CALM, HIGH),
        _change("SPY", CALM, PANIC, "1week"),
        _change("GONE", CALM, PANIC),
    ]

    sent = sent_changes(changes, ALL, _universe(2))
    alert = changes_alert(sent, NOW, ["a note"])

    assert alert.title == (
        "6 series changed regime or bucket: 1 new shock or panic, 2 new HIGH, "
        "1 left shock or panic, 1 left HIGH, 1 other"
    )
    assert alert.lines[0] == "a note"
    assert [line.split(": ")[:2] for line in alert.lines[1:]] == [
        ["new shock or panic", "SPY 1week"],
        ["new HIGH", "SPY 1day"],
        ["new HIGH", "D01 1week"],
        ["left shock or panic", "D00 1week"],
        ["left HIGH", "D01 1day"],
        ["other", "D00 1day"],
    ]
    assert alert.facts["new_high"] == 2


def test_a_line_has_both_states_the_rank_and_its_mark() -> None:
    assert line_of(_change("SPY", CALM, HIGH, rank=0.91)) == (
        "new HIGH: SPY 1day: transition (LOW) -> transition (HIGH, immature), escalation 0.91; "
        "regime for 3 bars"
    )
    assert line_of(_change("SPY", ("SHOCK", ""), ("TRANSITION", ""))) == (
        "left shock or panic: SPY 1day: shock -> transition; regime for 3 bars"
    )


def test_what_does_not_count_yet_is_not_shown_as_a_change() -> None:
    look = Look("CHOP_RISK", 1, "HIGH", 0.96, 900)

    line = line_of(Change("SPY", "1day", CALM, HIGH, look))

    assert line == (
        "new HIGH: SPY 1day: transition (LOW) -> transition (HIGH); now chop risk (HIGH), "
        "escalation 0.96; regime for 1 bar"
    )


def test_a_long_alert_is_a_screen_and_counts_what_it_leaves_out() -> None:
    changes = [_change(f"D{number:02}", CALM, HIGH) for number in range(18)]
    changes += [_change(f"D{number:02}", HIGH, CALM) for number in range(18, 30)]
    changes += [_change(f"D{number:02}", CALM, BUSY) for number in range(30, 35)]

    alert = changes_alert(sent_changes(changes, ALL, _universe(35)), NOW)

    title, *lines, rest = alert.text().splitlines()
    assert title.startswith("35 series changed regime or bucket: 18 new HIGH, 12 left HIGH, 5 ")
    assert len(lines) == 20
    assert rest == "and 15 more: 10 left HIGH, 5 other; `regime alerts list --all-rows` shows all"
    assert len(alert.lines) == 35
