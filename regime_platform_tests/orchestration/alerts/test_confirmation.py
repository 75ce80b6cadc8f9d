"""A change counts once it lasts, or goes well beyond the edge of its bucket."""

from collections.abc import Sequence

import pytest

from regime_platform.orchestration.alerts.confirmation import (
    Change,
    Look,
    ReportedSeries,
    advance_all,
)
from regime_platform.orchestration.alerts.rules import Confirmation

SERIES = ("OAK", "1day")
CALM = "TRANSITION"
Bar = tuple[str, str, float | None]  # regime, bucket, percentile


def looks_of(bars: Sequence[Bar]) -> list[Look]:
    """A look at every bar."""
    looks: list[Look] = []
    for count, (regime, bucket, rank) in enumerate(bars, 1):
        is_same = bool(looks) and looks[-1].regime == regime
        lasts = looks[-1].regime_bars + 1 if is_same else 1
        looks.append(Look(regime, lasts, bucket, rank, count))
    return looks


def replay(
    looks: Sequence[Look], confirmation: Confirmation | None = None
) -> list[tuple[int, Change]]:
    """The bars on which changes counted; what counts is stored and read again between looks."""
    stored: dict[tuple[str, str], ReportedSeries] = {}
    counted = []
    for look in looks:
        stored, changes = advance_all(stored, {SERIES: look}, confirmation or Confirmation())
        counted += [(look.bars, change) for change in changes]
        written = {key: each.model_dump(mode="json") for key, each in stored.items()}
        stored = {key: ReportedSeries.model_validate(each) for key, each in written.items()}
    return counted


def ranks(text: str) -> list[Bar]:
    """Bars of one regime with the percentiles in ``text``, and the bucket of each."""
    values = [float(word) for word in text.split()]
    words = ["HIGH" if value >= 0.85 else "MED" if value >= 0.6 else "LOW" for value in values]
    return [(CALM, word, value) for word, value in zip(words, values, strict=True)]


def regimes(text: str) -> list[Bar]:
    """Bars of one bucket with the regimes in ``text``."""
    return [(word, "LOW", 0.3) for word in text.split()]


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        pytest.param(ranks(".8 .86 .87 .8 .76"), [], id="two bars of HIGH"),
        pytest.param(ranks(".8 .86 .87 .88 .89"), [(4, "HIGH")], id="the third bar counts"),
        pytest.param(ranks(".8 .96 .7 .7 .7"), [(2, "HIGH"), (3, "MED")], id="beyond the edge"),
        pytest.param(ranks(".9 .8 .9 .8 .9 .8 .9"), [], id="back and forth"),
        pytest.param(ranks(".3 .9 .65 .9 .65"), [], id="another bucket starts anew"),
        pytest.param(ranks(".3 .95 .3 .49 .5 .55 .58"), [(2, "HIGH"), (3, "LOW")], id="and back"),
        pytest.param(
            regimes("CHOP_RISK TRANSITION TRANSITION CHOP_RISK"), [], id="two bars of a regime"
        ),
        pytest.param(
            regimes("CHOP_RISK TRANSITION TRENDING_BULL TRENDING_BULL TRENDING_BULL"),
            [(5, "TRENDING_BULL")],
            id="a regime on the way is none",
        ),
        pytest.param(
            regimes("CHOP_RISK SHOCK CHOP_RISK SHOCK CHOP_RISK"),
            [(2, "SHOCK")],
            id="a shock counts at once and ends slowly",
        ),
    ],
)
def test_a_change_counts_on_the_bar_that_confirms_it(
    bars: list[Bar], expected: list[tuple[int, str]]
) -> None:
    changes = replay(looks_of(bars))

    assert [
        (bar, change.after[0] if change.regimes[0] != change.regimes[1] else change.after[1])
        for bar, change in changes
    ] == expected


def test_several_bars_of_one_look_and_a_look_repeated_count_once() -> None:
    looks = looks_of(ranks(".7 .7 .86 .87 .88 .89"))
    missed = [looks[1], looks[2], looks[2], looks[2], looks[5], looks[5]]

    assert [bar for bar, _ in replay(missed)] == [6]


def test_a_history_made_again_with_fewer_bars_starts_counting_anew() -> None:
    looks = looks_of(ranks(".7 .86 .87"))
    shorter = Look(CALM, 1, "HIGH", 0.86, 1)

    assert replay([*looks, shorter, Look(CALM, 2, "HIGH", 0.86, 2)]) == []
    assert len(replay([*looks, shorter, Look(CALM, 3, "HIGH", 0.86, 3)])) == 1


def test_bars_and_band_are_chosen_by_timeframe_and_bucket() -> None:
    looks = looks_of(ranks(".8 .86 .8"))

    assert replay(looks, Confirmation(bars={"1day": 1})) != []
    assert replay(looks, Confirmation(bars={"1week": 1})) == []
    assert [bar for bar, _ in replay(looks, Confirmation(at_once=("HIGH",)))] == [2]
    assert [bar for bar, _ in replay(looks, Confirmation(band=0.01))] == [2, 3]


def test_a_series_without_a_rank_waits_for_as_many_bars() -> None:
    bars: list[Bar] = [(CALM, "NA", None), *ranks(".99 .99 .99")]

    assert [(bar, change.buckets) for bar, change in replay(looks_of(bars))] == [
        (4, ("NA", "HIGH"))
    ]
