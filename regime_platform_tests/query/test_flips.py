"""A flip names the rules that changed, and agrees with the explanations of both bars."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import pytest

from regime_platform.model.result_schema import STATE_SCHEMA
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.classification import (
    LABEL_RULES,
    Values,
    classification,
    evaluated_rules,
    is_overruled,
    values_of,
)
from regime_platform.query.explain import explain
from regime_platform.query.flips import Crossing, Flip, flip, last_flip, nearest_edge
from regime_platform.query.series import history
from regime_platform_tests.reference.golden_inputs import classifier_frame


def _labelled(rows: pl.DataFrame) -> pl.DataFrame:
    labels = [classification(row).label for row in rows.iter_rows(named=True)]
    label = pl.Series("regime_label", labels, STATE_SCHEMA["regime_label"])
    return rows.with_columns(label).with_row_index("ts")


def _outcome(values: Values) -> tuple[int, bool]:
    """Which label rule decides, and whether the guardrail overrules it."""
    place = len(evaluated_rules(LABEL_RULES, values))
    return place, is_overruled(LABEL_RULES[place - 1], values)


def _undone_together(began: Flip) -> Iterator[tuple[Crossing, ...]]:
    """The crossings of each change; two that each keep the guardrail off are undone together."""
    guarded = [change.is_guardrail for change in began.changes]
    alone = guarded.index(True) if True in guarded else len(guarded)
    yield from (change.crossings for change in began.changes[:alone])
    if rest := began.changes[alone:]:
        yield tuple(crossing for change in rest for crossing in change.crossings)


def test_undoing_any_change_of_a_flip_gives_another_outcome() -> None:
    rows = _labelled(classifier_frame("classifier_vectors")[:250])
    pairs = [rows[place : place + 2] for place in range(rows.height - 1)]
    flipped = [pair for pair in pairs if pair["regime_label"].n_unique() == 2]

    for pair in flipped:
        before, after = (values_of(row) for row in pair.iter_rows(named=True))
        assert flip(pair).changes
        for crossings in _undone_together(flip(pair)):
            crossed = {each.name: each.before for each in crossings}
            assert crossed.items() <= before.items()
            assert {(each.name, each.after) for each in crossings} <= after.items()
            assert _outcome({**after, **crossed}) != _outcome(after)
    assert {change.is_guardrail for pair in flipped for change in flip(pair).changes} == {
        *(True, False)
    }


def _compared(rules: Mapping[str, Any]) -> Iterator[tuple[str, float, float]]:
    listed = [*rules["label_rules"], *filter(None, [rules["guardrail"]])]
    for rule in listed:
        for way in rule["ways"]:
            yield from ((part["name"], part["edge"], part["value"]) for part in way)


@pytest.mark.parametrize("timeframe", ["1day", "1week"])
def test_a_flip_agrees_with_the_explanations_of_both_bars(
    processed: RunWorkspace, timeframe: str
) -> None:
    where = processed.root.path
    rows = history("AAPL", timeframe, where=where)

    began = last_flip(rows)

    at = rows["ts"].to_list().index(began.ts)
    before, after, last = (
        explain("AAPL", timeframe, rows["ts"][place], where=where) for place in (at - 1, at, -1)
    )
    assert after.explanation.began == last.explanation.began == began
    assert last.explanation.regime_bars == rows.height - at
    labels = [each.explanation.rules.label for each in (before, after)]
    assert labels == [began.previous, began.regime]
    shown = [set(_compared(each.document()["rules"])) for each in (before, after)]
    for crossing in (crossing for change in began.changes for crossing in change.crossings):
        assert (crossing.name, crossing.edge, crossing.before) in shown[0]
        assert (crossing.name, crossing.edge, crossing.after) in shown[1]


def test_where_no_rule_is_known_a_flip_says_why(processed: RunWorkspace) -> None:
    rows = history("MSFT", "1day", where=processed.root.path)
    other = pl.lit("SHOCK", STATE_SCHEMA["regime_label"])
    unlike = rows[-1:].with_columns(regime_label=other)

    first = last_flip(rows[:1])
    altered = last_flip(pl.concat([rows[-2:-1], unlike]))
    without_words = flip(rows[-2:].with_columns(vol_label=pl.lit(None)))

    assert first == Flip(rows["ts"][0], first.regime, "", (), "the first bar with a state")
    for each in (altered, without_words):
        assert (each.changes, each.previous) == ((), rows["regime_label"][-2])
        assert each.reason == "the installed rules do not give the stored regimes"
    assert nearest_edge(unlike.row(0, named=True)) is None


def test_every_regime_but_transition_has_a_nearest_edge_that_holds() -> None:
    for row in _labelled(classifier_frame("classifier_vectors")[:150]).iter_rows(named=True):
        edge = nearest_edge(row)

        assert (edge is None) == (row["regime_label"] == "TRANSITION")
        assert edge is None or edge.holds
        assert edge is None or edge.name not in {"alignment", "direction"}
