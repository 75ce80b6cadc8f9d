"""Falls of planted prices and of the S&P 500, whose crashes are on record."""

from dataclasses import replace

import numpy as np
import pytest
from arch.data import sp500

from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.studies.events.falls import Fall, falls
from regime_platform.studies.events.study import of
from regime_platform.studies.options import StudyOptions
from regime_platform_tests.studies.events.planted import (
    BARS,
    HIGH_RUNS,
    marks,
    planted_series,
    with_closes,
)
from regime_platform_tests.studies.events.rows import table_of


def test_a_fall_lasts_until_the_highest_close_of_a_year() -> None:
    close = np.concatenate(
        [np.linspace(50, 100, 300), np.linspace(99, 75, 25), np.linspace(76, 101, 26), [90.0] * 5]
    )

    assert falls(close, "1day", 0.2) == (Fall(299, 324, 349, 75 / 100 - 1),)
    assert [fall.peak for fall in falls(close, "1day", 0.1)] == [299, 350]
    assert falls(close, "1day", 0.1)[1].end is None
    # the old peak is no longer the highest of the last year after a year below it
    long = np.concatenate([[100.0], np.full(252, 70.0), [71.0]])
    assert falls(long, "1day", 0.2) == (Fall(0, 1, 252, 70 / 100 - 1),)


def test_the_falls_of_the_sp500_are_those_on_record() -> None:
    frame = sp500.load()
    close, days = frame["Close"].to_numpy(), frame.index.to_numpy().astype("datetime64[D]")

    known = [
        (str(days[fall.peak]), str(days[fall.trough]), round(100 * fall.depth))
        for fall in falls(close, "1day", 0.1)
    ]

    assert known == [
        ("1999-07-16", "1999-10-15", -12),
        ("2000-03-24", "2002-10-09", -49),
        ("2007-10-09", "2009-03-09", -57),
        ("2010-04-23", "2010-07-02", -16),
        ("2011-04-29", "2011-10-03", -19),
        ("2015-05-21", "2016-02-11", -14),
        ("2018-01-26", "2018-02-08", -10),
        ("2018-09-20", "2018-12-24", -20),
    ]


def test_falls_have_what_was_shown_on_the_way() -> None:
    fall = np.concatenate([np.linspace(100, 70, 31), np.full(70, 70.0)])
    close = np.concatenate([np.linspace(80, 100, 700), fall[1:]])  # from bar 699 to bar 729
    high = marks(((600, 602), (709, 715)), len(close))
    codes = [ESCALATION_BUCKETS.index(name) for name in ("HIGH", "LOW")]
    series = replace(
        with_closes(close),
        bucket=np.where(high, *codes).astype(np.int8),
        rank=np.where(high, 0.95, 0.3),
        is_immature=np.arange(len(close)) < 710,
        regime=np.where(
            np.arange(len(close)) < 724,
            *(REGIME_LABELS.index(name) for name in ("TRENDING_BEAR", "SHOCK")),
        ).astype(np.int8),
    )

    study = of(series, {}, StudyOptions(draws=19))

    (crash,) = table_of(study, "crashes").rows.to_dicts()
    assert crash["depth"] == pytest.approx(-0.3)
    assert (crash["after_peak"], crash["before_trough"]) == (10, 20)
    assert crash["lost"] == pytest.approx(-0.1)
    assert (crash["basis"], crash["end"]) == ("immature", None)
    assert str(crash["first_high"].date()) == "2002-12-11"
    (ranks,) = table_of(study, "buckets").rows.to_dicts()
    assert (ranks["highest"], ranks["high"], ranks["immature"]) == (0.95, 6 / 30, 10 / 30)
    (regimes,) = table_of(study, "regimes").rows.to_dicts()
    assert (regimes["trending_bear"], regimes["shock"]) == (24 / 30, 6 / 30)
    assert str(regimes["first_stress"].date()) == "2002-12-26"
    # the run of bars 600 and 601 is immature, and so is the beginning of the other
    outside = table_of(study, "outside").rows.to_dicts()[0]
    assert (outside["count"], outside["runs"], outside["false_a_year"]) == (1, 0, 0)


def test_alarms_outside_falls_are_counted_by_year() -> None:
    study = of(planted_series(), {}, StudyOptions(draws=19))

    outside = table_of(study, "outside").rows.to_dicts()[0]
    # one fall, from the highest close before the first crash: 20 bars before bar 398, to bar 901
    inside = 901 - 378 + 1
    assert outside["time_inside"] == pytest.approx(inside / 1_000)
    assert outside["runs_inside"] == pytest.approx(4 / 5)
    assert outside["false_a_year"] == pytest.approx(252 / (1_000 - inside))
    high = np.flatnonzero(marks(HIGH_RUNS, BARS)).tolist()
    waits = [next(each for each in high if each >= bar) - bar for bar in range(high[-1] + 1)]
    assert f"the next HIGH is {np.median(waits):.0f} away" in table_of(study, "crashes").note
