"""`regime study` shows conclusions as sentences, tables that fit, and who is left out."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import regime_platform as rp
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.cli.conftest import Regime, document_of
from regime_platform_tests.report.study import reports
from regime_platform_tests.report.study.reports import (
    NOT_SHOWN,
    QUESTION,
    SHOWN,
    TABLE,
    make_up,
)

_STUDY = ("study", "forward-returns")


@pytest.fixture(autouse=True)
def _made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    make_up(monkeypatch)


def _words(text: str) -> str:
    return " ".join(text.split())


def test_without_a_name_the_studies_are_listed(on_sample: Regime) -> None:
    shown = on_sample("study")

    assert shown.code == 0
    assert QUESTION in shown.out
    listed = json.loads(on_sample("study", "--json").out)
    assert {"name": "forward-returns", "question": QUESTION} in listed


def test_a_symbol_has_its_conclusions_and_tables_in_every_form(
    on_sample: Regime, processed: RunWorkspace, tmp_path: Path
) -> None:
    page = tmp_path / "study.html"
    shown = on_sample(*_STUDY, "ibm", "--html", str(page))
    document = document_of(on_sample(*_STUDY, "IBM", "--json"))
    answer = rp.open(processed.root.path).study("forward-returns", "IBM")

    assert shown.code == 0
    text = _words(shown.out)
    assert f"{SHOWN.statement} {NOT_SHOWN.statement} Too few independent windows" in text
    assert "to say whether returns after shock are higher or lower (4)." in text
    assert "panic risk 9 · · · ·" in text
    assert "By era" in text.split("--json and --html also have")[1]
    assert document == answer.document()
    assert page.read_text() == answer.save(tmp_path / "again.html").read_text()


def test_of_several_what_they_say_together_comes_first_then_a_row_each(on_sample: Regime) -> None:
    shown = on_sample(*_STUDY, "--all")

    assert shown.code == 0
    assert "larger or smaller than after other bars (6)" in shown.out
    rows = shown.out[shown.out.index("By symbol") :]
    assert shown.out.index("All symbols") < shown.out.index("By symbol")
    names = ("AAPL", "EURUSD", "GOOG", "IBM", "MSFT", "SYNTH")
    assert [line.split()[:2] for line in rows.splitlines()[3:9]] == [
        [name, "larger"] for name in names
    ]
    assert "FB has too few 1day bars" in shown.err


def test_a_named_symbol_without_an_answer_is_a_failure(on_sample: Regime) -> None:
    some = on_sample(*_STUDY, "FB", "IBM", "--json")
    none = on_sample(*_STUDY, "FB")

    assert some.code == 3
    (left,) = document_of(some)["left_out"]
    assert left["symbol"] == "FB"
    assert none.code == 1
    assert "regime state FB" in none.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("study", "forward-return", "IBM"), "unknown-study"),
        (_STUDY, "no-selection"),
        ((*_STUDY, "NOPE"), "unknown-symbol"),
        (("study", "--all"), "no-study"),
        (("study", "--html", "study.html"), "no-study"),
        ((*_STUDY, "IBM", "--html", "."), "usage"),
        ((*_STUDY, "IBM", "--horizon", "0"), "study-option"),
        ((*_STUDY, "IBM", "--split", "soon"), "bad-time"),
        ((*_STUDY, "IBM", "--split", "1930-01-01"), "split-outside"),
    ],
)
def test_what_is_not_understood_is_named(
    on_sample: Regime, arguments: tuple[str, ...], code: str
) -> None:
    ended = on_sample(*arguments)

    assert ended.code == 2
    assert f"error[{code}]" in ended.err


@pytest.mark.parametrize("width", [100, 80, 50])
def test_tables_fit_the_terminal_and_name_the_columns_left_out(
    on_sample: Regime, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))

    shown = on_sample(*_STUDY, "IBM", "MSFT").out

    assert max(map(len, shown.splitlines())) <= width
    hidden = _words(shown).split("a wider terminal shows ")[-1].split(";")[0].split(", ")
    assert hidden[-2:] == ["first bar", "last bar"]


def test_a_column_that_does_not_fit_is_named_also_where_another_has_its_title(
    on_sample: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    columns = [replace(each, title="state") for each in TABLE.columns]
    monkeypatch.setattr(reports, "TABLE", replace(TABLE, columns=tuple(columns)))

    shown = on_sample(*_STUDY, "IBM").out

    assert "a wider terminal shows state" in _words(shown)
