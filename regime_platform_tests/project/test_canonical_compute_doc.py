"""Sections that the code cites exist in docs/canonical-compute.md, and modules that it names."""

import re

import pytest

from regime_platform.compute.metrics.metrics import METRIC_BITS
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.model.result_schema import TABLES
from regime_platform.settings import PROJECT_ROOT

DOCUMENT = (PROJECT_ROOT / "docs" / "canonical-compute.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^#{2,3} (\d+(?:\.\d+)?)\.? ", DOCUMENT, flags=re.MULTILINE)
_NUMBER = r"\d+(?:\.\d+)?"
_CITATION = re.compile(rf"\bsections?\s+({_NUMBER}(?:(?:,| and| to)\s+{_NUMBER})*)", re.IGNORECASE)


def _cited(text: str) -> set[str]:
    citations = _CITATION.findall(text)
    return {number for citation in citations for number in re.findall(_NUMBER, citation)}


def _section(number: str) -> str:
    section = re.search(rf"^## {number}\. .*?(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert section is not None
    return section.group()


def test_sections_one_to_fourteen_are_in_order() -> None:
    chapters = [int(number) for number in HEADINGS if "." not in number]

    assert chapters[:14] == list(range(1, 15))
    assert len(HEADINGS) == len(set(HEADINGS))


def test_every_section_that_the_code_cites_is_a_heading() -> None:
    modules = sorted((PROJECT_ROOT / "regime_platform").rglob("*.py"))
    missing = {
        f"{module.relative_to(PROJECT_ROOT)}: section {number}"
        for module in modules
        for number in _cited(module.read_text(encoding="utf-8"))
        if number not in HEADINGS
    }

    assert len(modules) > 50
    assert missing == set()


def test_every_section_that_the_document_refers_to_is_a_heading() -> None:
    assert _cited(DOCUMENT) <= set(HEADINGS)


def test_every_module_that_the_document_names_exists() -> None:
    whole = re.findall(r"`(regime_platform/[\w./]*)`", DOCUMENT)
    beside = re.findall(r"`(\w+\.py)`", DOCUMENT)
    modules = {path.name for path in (PROJECT_ROOT / "regime_platform" / "compute").rglob("*.py")}

    assert whole
    assert [path for path in whole if not (PROJECT_ROOT / path).exists()] == []
    assert set(beside) <= modules


@pytest.mark.parametrize("table", TABLES)
def test_section_13_names_every_table_and_column(table: str) -> None:
    section = _section("13")

    assert f"**{table}**" in section
    assert [name for name in TABLES[table] if f"`{name}`" not in section] == []


def test_section_5_lists_the_validity_bits() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \| \d+ \|$", _section("5"), flags=re.MULTILINE)

    assert rows == [(str(bit), name) for bit, name in enumerate(METRIC_BITS)]


def test_section_8_lists_the_constants_of_every_timeframe() -> None:
    rows = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \|$", _section("8"), flags=re.MULTILINE)

    assert rows == [
        (name, str(params.year_bars), str(params.min_members))
        for name, params in DEFAULT_PARAMS.by_timeframe
    ]
