"""Studies as frames: what the report has, by symbol and across symbols."""

import inspect
from pathlib import Path

import polars as pl
import pytest

import regime_platform as rp
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.studies.options import StudyOptions
from regime_platform_tests.report.study.reports import NOT_SHOWN, SHOWN, TABLE, TOO_FEW, make_up


@pytest.fixture
def store(processed: RunWorkspace, monkeypatch: pytest.MonkeyPatch) -> rp.Store:
    make_up(monkeypatch)
    return rp.open(processed.root.path)


def test_of_one_symbol_the_tables_are_its_own(store: rp.Store) -> None:
    answer = store.study("forward-returns", "IBM")

    assert answer.tables["buckets"].equals(TABLE.rows)
    assert [*answer.tables] == ["buckets", "eras"]
    conclusions = answer.conclusions
    assert conclusions["symbol"].to_list() == ["IBM"] * 3
    assert conclusions["statement"].to_list() == [
        each.statement for each in (SHOWN, NOT_SHOWN, TOO_FEW)
    ]
    assert conclusions["effect"].to_list() == [0.021, -0.003, -0.003]
    assert conclusions["is_significant"].to_list() == [True, False, False]
    assert answer.left_out.is_empty()
    assert repr(answer) == "study forward-returns of IBM 1day"


def test_of_several_symbols_the_tables_are_those_across_them(store: rp.Store) -> None:
    answer = store.study("forward-returns", ["msft", "IBM", "FB"])

    assert [*answer.tables] == ["pooled"]
    assert answer.by_symbol["buckets"].columns == ["symbol", *TABLE.rows.columns]
    assert answer.by_symbol["buckets"]["symbol"].unique().sort().to_list() == ["IBM", "MSFT"]
    assert answer.conclusions["symbol"].to_list() == [None, *["IBM"] * 3, *["MSFT"] * 3]
    assert answer.left_out.select("symbol", "is_damaged").rows() == [("FB", False)]
    assert answer.left_out["reason"].str.contains("too few 1day bars").all()


def test_the_page_is_saved_and_shown_in_a_frame_of_its_own(store: rp.Store, tmp_path: Path) -> None:
    answer = store.study("forward-returns", "IBM")

    target = answer.save(tmp_path / "study.html")

    assert target.read_text().startswith("\n<!doctype html>") or "<!doctype" in target.read_text()
    shown = answer._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "<script" not in target.read_text()


def test_the_options_of_a_call_are_those_of_a_study() -> None:
    given = inspect.signature(rp.Store.study).parameters
    usual = vars(StudyOptions())

    assert {name: given[name].default for name in usual} == usual


def test_frames_have_types_also_where_nothing_was_concluded(store: rp.Store) -> None:
    frame = store.study("forward-returns", "IBM").conclusions

    assert frame.schema["p_value"] == pl.Float64
    assert frame.schema["independent_windows"] == pl.Int64
