"""`lead-time` on a series with known events and signals: every lead is known by counting."""

import json

import numpy as np
import pytest

from regime_platform.studies.events.lead_time import of, pooled
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import SymbolStudy
from regime_platform_tests.studies.events.planted import planted_series
from regime_platform_tests.studies.events.rows import row_of, table_of

OPTIONS = StudyOptions(draws=39)
#: From the first bar of the last run before each crash to its first bar; others are over 60.
LEADS = (10, 15, 40, 5)


@pytest.fixture(scope="module")
def study() -> SymbolStudy:
    return of(planted_series(), {}, OPTIONS)


def test_events_without_a_signal_before_and_with_a_late_one_are_counted(
    study: SymbolStudy,
) -> None:
    for kind in ("large move", "wide bar"):
        high = row_of(table_of(study, "warned"), event=kind, signal="HIGH")
        panic = row_of(table_of(study, "warned"), event=kind, signal="shock or panic risk")

        assert (high["events"], high["none"], high["late"]) == (6, pytest.approx(2 / 6), 1)
        # three crashes have 5 bars of HIGH in the 20 before; each of 21 is in 20 of 941
        assert (high["on"], high["on_by_chance"]) == (2.5, pytest.approx(21 * 20 / 941))
        # runs at 390, 485, 560, 795 and 905 each reach 60 bars on, of the bars 59 to 999
        assert high["none_by_chance"] == pytest.approx(1 - 5 * 60 / (1_000 - 59))
        assert (panic["none"], panic["late"]) == (pytest.approx(4 / 6), 0)


def test_leads_have_their_distribution(study: SymbolStudy) -> None:
    high = row_of(table_of(study, "leads"), event="large move", signal="HIGH")

    quarters = [high[name] for name in ("quarter", "median", "three_quarters")]
    assert quarters == pytest.approx(np.quantile(LEADS, (0.25, 0.5, 0.75)).tolist())
    assert (high["events"], high["median_by_chance"]) == (4, 30.5)


def test_leads_are_counted_by_class(study: SymbolStudy) -> None:
    rows = table_of(study, "lead_classes").rows.filter(event="large move", signal="HIGH")

    shares = {row["lead"]: row["share"] for row in rows.iter_rows(named=True) if row["share"]}
    assert shares == {
        **dict.fromkeys(("1-5", "6-10", "11-15", "36-40"), pytest.approx(1 / 6)),
        "none": pytest.approx(2 / 6),
    }
    assert rows["by_chance"].sum() == pytest.approx(1)
    assert rows["by_chance"][-1] == pytest.approx(1 - 5 * 60 / (1_000 - 59))


def test_runs_are_counted_before_and_after_events(study: SymbolStudy) -> None:
    high = row_of(table_of(study, "runs"), event="large move", signal="HIGH")

    assert (high["runs"], high["before"], high["after"], high["neither"]) == (5, 0.6, 0.2, 0.2)
    # each of six events has 20 bars before it and 20 from it on, of those with a known threshold
    assert high["before_by_chance"] == high["after_by_chance"]
    assert high["after_by_chance"] == pytest.approx(6 * 20 / (980 - 271))


def test_every_event_is_listed_with_its_leads(study: SymbolStudy) -> None:
    rows = table_of(study, "events").rows.filter(event="large move")

    assert rows["high_lead"].to_list() == [10, 15, 40, None, 5, None]
    assert rows["stress_lead"].to_list() == [2, None, None, 50, None, None]
    assert rows["begins"].dt.date().cast(str).to_list()[0] == "2002-02-05"
    assert rows["move"].to_list() == pytest.approx(
        [-0.06, -0.08, -0.1, -0.12, -0.14, -0.16], abs=2e-3
    )
    json.dumps(study.document(), allow_nan=False)


def test_signals_before_every_crash_are_no_chance() -> None:
    crashes = range(330, 1_930, 100)
    high = [(bar - 6, bar - 3) for bar in crashes]
    series = planted_series(crashes, high, (), count=2_000)

    conclusions = {each.key: each for each in of(series, {}, StudyOptions(draws=199)).conclusions}

    often = conclusions["high-bars-before-wide-bar"]
    assert often.is_significant
    assert often.effect > 0
    # by chance a run began 30 bars ago; these began 6 bars before
    lead = conclusions["high-lead-wide-bar"]
    assert lead.is_significant
    assert lead.effect == pytest.approx(6 - 30.5, abs=1)
    assert "begins later than before other bars" in lead.statement


def test_symbols_are_pooled_by_their_events(study: SymbolStudy) -> None:
    late = of(planted_series(high=((402, 405), (797, 799)), symbol="LATE"), {}, OPTIONS)

    (warned, leads, _symbols), conclusions = pooled((study, late), OPTIONS)

    high = row_of(warned, event="large move", signal="HIGH")
    lead = row_of(leads, event="large move", signal="HIGH")
    assert (high["events"], high["none"]) == (12, pytest.approx((2 + 5) / 12))
    assert high["none_by_chance"] == pytest.approx(1 - 7 * 60 / (2 * 941))
    assert (high["on"], high["late"]) == (pytest.approx((3 * 5 + 2) / 12), 1 + 1)
    assert high["on_by_chance"] == pytest.approx((21 + 5) * 20 / (2 * 941))
    assert (lead["events"], lead["median"]) == (5, 10)
    assert {each.key for each in conclusions} >= {"high-bars-before-wide-bar"}
