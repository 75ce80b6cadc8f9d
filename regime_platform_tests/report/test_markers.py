"""Markers show what happened to bars: gaps, revisions, overrides, rejected rows, splits, eras."""

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

import pytest

from regime_platform.bar_store.basis_files import BasisRecord, FactorTable
from regime_platform.operations.overrides import Span, Statement, accept, exclude
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.explain import explain
from regime_platform.report.markers import basis_markers, factor_markers, grouped
from regime_platform.report.series_chart import Marker, SeriesChart
from regime_platform.report.views import read_symbol
from regime_platform.revisions.basis_changes import BasisChange
from regime_platform.revisions.price_factors import Adjustment
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import serve, street, with_value

GAP, QUIET, ODD, REVISED = 100, 200, 300, 350  # rows of the bars
BARS = make_bars(430)
LATER = NOW + dt.timedelta(days=1)
STATEMENT = Statement("checked by hand", "ann", NOW)


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> SeriesChart:
    """Two days missing, one more truly not traded, one excluded, one revised by a later fetch."""
    settings = street(tmp_path_factory.mktemp("marked"), ["AAA"])
    served = BARS.filter(~BARS["ts"].is_in(BARS["ts"][[GAP, GAP + 1, QUIET]].implode()))
    serve(settings, "AAA", "1day", served)
    workspace = RunWorkspace.open(settings)
    instrument, paths = workspace.find("AAA")
    run_symbol(workspace, instrument, NOW)
    exclude(workspace.root, instrument, Span("1day", BARS["ts"][ODD]), STATEMENT)
    accept(workspace.root, instrument, Span("1day", BARS["ts"][QUIET]), STATEMENT)
    row = served["ts"].index_of(BARS["ts"][REVISED])
    assert row is not None
    now = served["close"][row]
    serve(settings, "AAA", "1day", with_value(served, row, close=now + 0.0001))
    run_symbol(workspace, instrument, LATER)
    view = read_symbol(paths, instrument)
    assert view is not None
    return view.charts["1day"]


def _kinds(chart: SeriesChart) -> Mapping[str, list[Marker]]:
    kinds = {marker.kind for marker in chart.markers}
    return {kind: [each for each in chart.markers if each.kind == kind] for kind in kinds}


def _at(row: int) -> dt.datetime:
    opens = BARS["ts"][row]
    assert isinstance(opens, dt.datetime)
    return opens


def test_a_gap_is_a_stretch_of_missing_sessions_and_an_accepted_one_is_none(
    chart: SeriesChart,
) -> None:
    kinds = _kinds(chart)
    gaps = {marker.start: marker for marker in kinds["gap"]}

    assert gaps[_at(GAP)].label == "2 sessions missing"
    assert gaps[_at(GAP)].text.endswith("2012-05-21 to 2012-05-22")
    assert gaps[_at(GAP)].end == _at(GAP + 1) + dt.timedelta(days=1)
    assert _at(QUIET) not in gaps
    assert _at(ODD) not in gaps  # excluded, so it is not missing
    assert [marker.start for marker in kinds["accepted"]] == [_at(QUIET)]


def test_overrides_name_the_bar_the_author_and_the_reason(chart: SeriesChart) -> None:
    (excluded,) = _kinds(chart)["excluded"]

    assert excluded.start == _at(ODD)
    assert excluded.text == f"{_at(ODD):%Y-%m-%d} excluded by ann: checked by hand (override 1)"


def test_a_revised_bar_shows_its_value_before_and_when_it_changed(chart: SeriesChart) -> None:
    (revised,) = _kinds(chart)["revision"]
    before = BARS["close"][REVISED]

    assert revised.start == _at(REVISED)
    values = f"close {before + 0.0001:,.6g} was {before:,.6g} at first"
    assert revised.text.startswith(f"{_at(REVISED):%Y-%m-%d} revised: {values}, fetched 2026-11-21")


def test_an_era_is_numbered_as_explain_numbers_it(processed: RunWorkspace) -> None:
    instrument, paths = processed.find("MSFT")
    view = read_symbol(paths, instrument)
    assert view is not None
    shown = view.charts["1day"]
    explained = explain("MSFT", "1day", shown.bars["ts"][-1], where=processed.settings)
    assert explained.explanation.escalation is not None
    era = explained.explanation.escalation.era
    assert era is not None

    assert shown.era == f"era {era['index'] + 1} of {era['of']}" == "era 2 of 3"
    (begins,) = _kinds(shown)["era"]
    assert (begins.label, begins.start.isoformat()) == (shown.era, "2010-01-01T00:00:00+00:00")
    (split,) = _kinds(shown)["split"]
    assert split.label == "split 2:1"
    assert split.text == "split 2:1 on 2003-02-18, declared by sample: earlier bars are adjusted"


def test_measured_changes_of_the_basis_are_marked_where_the_new_one_begins() -> None:
    change = BasisChange(
        ratio=Fraction(1281, 1000),
        bars=300,
        first=_at(0),
        last=_at(299),
        deviation=0.0,
        same_from=_at(300),
    )
    record = BasisRecord(
        timeframe="1day", ratio=change.ratio, seen_at=NOW, seen_on="1day", evidence=change
    )
    split = change.model_copy(update={"ratio": Fraction(2), "volume_ratio": Fraction(2)})
    of_split = record.model_copy(update={"evidence": split})
    step = Adjustment(until=dt.date(2012, 3, 1), ratio=Fraction(2), evidence={"2012-03-01": 2.0})
    table = FactorTable(version=1, raw_logs={}, steps=(step,))

    changed, declared = basis_markers([record, of_split])
    (measured,) = factor_markers([table])

    assert (changed.kind, changed.start, changed.label) == ("split", _at(300), "divided by 1.281")
    assert declared.label == measured.label == "split 2:1"
    assert measured.start == dt.datetime(2012, 3, 2, tzinfo=dt.UTC)


def test_many_markers_of_a_kind_are_counted_and_none_is_left_out() -> None:
    gaps = [Marker("gap", _at(row), None, "1 bar missing", "one") for row in range(0, 400, 2)]
    alone = Marker("excluded", _at(9), None, "excluded", "by hand")

    few = grouped([*gaps, alone], BARS["ts"], 10)

    assert len(few) <= 11
    assert sum(marker.count for marker in few) == 201
    assert few[0] == alone
    assert few[1].label == "22 gaps"
    assert few[1].start == _at(0)
    assert few[-1].end == _at(398)
