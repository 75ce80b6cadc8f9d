"""Series on which little can be computed: an answer without numbers, no warning, no error."""

import json
from types import ModuleType

import numpy as np
import pytest

from regime_platform.studies.forward_returns import study as forward_returns
from regime_platform.studies.leakage import study as leakage
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.series import StudySeries
from regime_platform_tests.studies.small_series import random_closes, runs, small_series

BARS = 300
CLOSES, HIGH = random_closes(1, BARS), runs(1, BARS, 10, 0.2)
SERIES = {
    "prices that stand still": small_series(np.full(BARS, 10.0), HIGH),
    "prices on a line": small_series(np.linspace(10, 20, BARS), HIGH),
    "HIGH always": small_series(CLOSES, np.ones(BARS, bool)),
    "HIGH once": small_series(CLOSES, [BARS // 2]),
    "HIGH at the end": small_series(CLOSES, range(BARS - 3, BARS)),
    "no era": small_series(CLOSES, HIGH, era=np.full(BARS, -1)),
    "no mature rank": small_series(CLOSES, HIGH, is_immature=np.ones(BARS, bool)),
}


@pytest.mark.parametrize("study", [forward_returns, leakage])
@pytest.mark.parametrize("series", SERIES.values(), ids=SERIES)
def test_an_odd_series_has_an_answer(study: ModuleType, series: StudySeries) -> None:
    for horizon in (1, 5):
        options = StudyOptions(horizon=horizon, draws=19)

        answer = study.of(series, {}, options)
        tables, conclusions = study.pooled((answer, answer), options)

        documents = [answer.document(), *(each.document() for each in (*tables, *conclusions))]
        json.dumps(documents, allow_nan=False)
        assert not any(each.is_significant for each in answer.conclusions)
