"""A study of many symbols answers for those that can be studied, and names the others."""

import datetime as dt
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from regime_platform.errors import BarsError, ResultsError, UsageError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.study import run
from regime_platform.query.study.run import Outcome, run_study
from regime_platform.settings import Settings
from regime_platform.studies import catalog
from regime_platform.studies.catalog import Study, StudyEntry
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, StudyTable, SymbolStudy, Unit
from regime_platform.studies.series import StudySeries
from regime_platform_tests.error_codes import raises


@dataclass(frozen=True)
class _Bars:
    """Counts bars and other timeframes; fails on MSFT where it is told to."""

    fails: bool = False

    def of(
        self,
        series: StudySeries,
        others: Mapping[str, StudySeries],
        options: StudyOptions,  # noqa: ARG002 - of the protocol
    ) -> SymbolStudy:
        if self.fails and series.symbol == "MSFT":
            raise ZeroDivisionError
        first, last = (ts.astype(dt.datetime).replace(tzinfo=dt.UTC) for ts in series.ts[[0, -1]])
        return SymbolStudy(
            study="bars",
            symbol=series.symbol,
            timeframe=series.timeframe,
            first=first,
            last=last,
            bars=len(series),
            left_out=0,
            tables=(),
            conclusions=(),
            sums={"bars": np.array([len(series)])},
            notes=tuple(f"{name}: {len(other)} bars" for name, other in others.items()),
        )

    def pooled(
        self,
        studies: Sequence[SymbolStudy],
        options: StudyOptions,  # noqa: ARG002 - of the protocol
    ) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
        bars = sum(int(study.sums["bars"][0]) for study in studies)
        nan = float("nan")
        numbers = (float(bars), Unit.BARS, nan, nan, 0.001, 0.0, 0.0, len(studies))
        return (), (Conclusion("bars", "there are bars", *numbers),)


@dataclass(frozen=True)
class _Entry(StudyEntry):
    study: Study = _Bars()

    def load(self) -> Study:
        return self.study


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> _Entry:
    made = _Entry("bars", "Bars", "how many bars?", "", reads_others=True)
    monkeypatch.setattr(catalog, "STUDIES", {made.name: made})
    return made


@pytest.mark.usefixtures("entry")
def test_every_symbol_has_an_answer_or_a_reason(processed: RunWorkspace) -> None:
    seen: list[str] = []

    def watch(outcomes: Iterable[Outcome], total: int) -> Iterable[Outcome]:
        assert total == len(processed.universe.symbols)
        for outcome in outcomes:
            seen.append(outcome.symbol)
            yield outcome

    report = run_study("bars", where=processed.settings, watch=watch)

    bars = {study.symbol: study.bars for study in report.symbols}
    assert bars["IBM"] == 3250
    assert [(each.symbol, each.error.code) for each in report.left_out] == [("FB", "no-states")]
    assert not report.left_out[0].is_damaged
    assert seen == sorted(processed.universe.symbols)
    assert sorted([*bars, "FB"]) == seen
    assert report.conclusions[0].effect == sum(bars.values())
    (ibm,) = (study for study in report.symbols if study.symbol == "IBM")
    assert ibm.notes == ("1week: 659 bars",)


@pytest.mark.usefixtures("entry")
def test_order_and_spelling_of_symbols_change_nothing(processed: RunWorkspace) -> None:
    reports = [
        run_study("bars", symbols, "1d", where=processed.settings).document()
        for symbols in (["MSFT", "IBM", "AAPL"], ["aapl,ibm", "msft", "IBM"])
    ]

    assert json.dumps(reports[0]) == json.dumps(reports[1])
    assert [each["symbol"] for each in reports[0]["symbols"]] == ["AAPL", "IBM", "MSFT"]
    assert reports[0]["timeframe"] == "1day"


def test_a_damaged_symbol_and_a_failing_one_stop_no_other(
    processed: RunWorkspace,
    tmp_path: Path,
    entry: _Entry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing = {"bars": replace(entry, study=_Bars(fails=True))}
    monkeypatch.setattr(catalog, "STUDIES", failing)
    root = tmp_path / "data"
    for symbol in ("AAPL", "IBM", "MSFT"):
        shutil.copytree(processed.root.symbol(symbol).folder, root / "assets" / symbol)
    settings = Settings(_env_file=None, REGIME_DATA_ROOT=root)
    part = next((root / "assets/AAPL/bars/1day").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-9])

    report = run_study("bars", ["AAPL", "IBM", "MSFT"], where=settings)

    assert [each.symbol for each in report.symbols] == ["IBM"]
    assert report.conclusions == ()  # of one symbol there is nothing to pool
    damaged, failed = report.left_out
    assert (damaged.symbol, damaged.error.code, damaged.is_damaged) == (
        "AAPL",
        "bars-damaged",
        True,
    )
    assert (failed.symbol, failed.is_damaged) == ("MSFT", True)
    assert "ZeroDivisionError" in str(failed.error)
    with raises(BarsError, "bars-damaged"):
        run_study("bars", ["AAPL"], where=settings)


@pytest.mark.usefixtures("entry")
def test_a_question_that_cannot_be_answered_is_refused(processed: RunWorkspace) -> None:
    settings = processed.settings
    with raises(UsageError, "unknown-study", match="did you mean bars"):
        run_study("bar", ["IBM"], where=settings)
    with raises(UsageError, "unknown-symbol"):
        run_study("bars", ["IBM", "NONE"], where=settings)
    with raises(UsageError, "unknown-timeframe"):
        run_study("bars", ["IBM"], "2day", where=settings)
    with raises(UsageError, "no-symbols"):
        run_study("bars", [], where=settings)
    with raises(ResultsError, "no-states"):
        run_study("bars", ["FB"], where=settings)
    with raises(ResultsError, "too-short", match=r"fewer than the 2,502"):
        run_study("bars", ["GOOG"], options=StudyOptions(horizon=2500), where=settings)


@pytest.mark.usefixtures("entry")
def test_a_split_must_lie_inside_the_bars(processed: RunWorkspace) -> None:
    split = StudyOptions(split=dt.datetime(2004, 1, 2, tzinfo=dt.UTC))

    report = run_study("bars", ["IBM", "GOOG"], options=split, where=processed.settings)

    assert [each.symbol for each in report.symbols] == ["IBM"]
    assert [(each.symbol, each.error.code) for each in report.left_out] == [
        ("GOOG", "split-outside")
    ]
    with raises(UsageError, "split-outside", match="2004-09-17 to 2013-03-01"):
        run_study("bars", ["GOOG"], options=split, where=processed.settings)


@pytest.mark.slow
def test_processes_give_the_bytes_of_one(
    processed: RunWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "WORTH_A_PROCESS", 1)
    options = StudyOptions(draws=19, include_immature=True)
    texts = [
        json.dumps(
            run_study(
                "lead-time",
                symbols,
                "1week",
                options,
                where=processed.settings.model_copy(update={"workers": workers}),
            ).document()
        )
        for workers, symbols in ((1, ["IBM", "FB", "AAPL"]), (2, ["AAPL", "IBM", "FB"]))
    ]

    assert texts[0] == texts[1]
    document = json.loads(texts[0])
    assert [each["symbol"] for each in document["symbols"]] == ["AAPL", "IBM"]
    assert [each["code"] for each in document["left_out"]] == ["no-states"]
