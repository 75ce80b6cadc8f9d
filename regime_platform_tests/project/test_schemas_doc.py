"""docs/schemas.md lists every table and column of the code, each with a meaning."""

import re
from hashlib import sha256

import polars as pl
import pytest

from regime_platform.compute_db.schema import CREATE_SCHEMA_VERSION, sql_type
from regime_platform.manifests.manifest import SealedManifest
from regime_platform.model.bar_schema import BAR_SCHEMA, BARS_SCHEMA_VERSION
from regime_platform.model.result_schema import BLOCK_SCHEMA, RESULT_SCHEMA_VERSION, TABLES
from regime_platform.settings import PROJECT_ROOT

DOCUMENT = (PROJECT_ROOT / "docs" / "schemas.md").read_text(encoding="utf-8")
FORMULAS = (PROJECT_ROOT / "docs" / "canonical-compute.md").read_text(encoding="utf-8")
SCHEMAS = {
    f"Bars, version {BARS_SCHEMA_VERSION}": BAR_SCHEMA,
    **TABLES,
    "content_blocks": BLOCK_SCHEMA,
}
#: Hash of the meanings of all columns, per version of bars and results. A column with another
#: meaning needs a new version; where only the wording changes, renew the hash.
MEANINGS = {(2, 2): "145ffb46a3f539d1c532973e4df2a5b5f39a27e1908fece88c04934e3a3642ed"}


def _rows(heading: str) -> list[list[str]]:
    section = rf"^### {re.escape(heading)}$(.*?)(?=^##|\Z)"
    match = re.search(section, DOCUMENT, re.MULTILINE | re.DOTALL)
    assert match is not None, heading
    lines = re.findall(r"^\| `(.*)\|$", match[1], re.MULTILINE)
    return [[cell.strip(" `") for cell in line.split("|")] for line in lines]


@pytest.mark.parametrize("heading", SCHEMAS)
def test_every_column_is_listed_in_order_with_its_type_and_meaning(heading: str) -> None:
    rows = _rows(heading)

    assert [(name, dtype) for name, dtype, *_ in rows] == [
        (name, "ENUM" if isinstance(dtype, pl.Enum) else sql_type(dtype))
        for name, dtype in SCHEMAS[heading].items()
    ]
    assert all(len(row) == 5 and row[3] for row in rows)


@pytest.mark.parametrize("heading", [*SCHEMAS, "schema_version"])
def test_every_formula_referred_to_exists(heading: str) -> None:
    headings = re.findall(r"^#{2,3} (\d+(?:\.\d+)?)\.? ", FORMULAS, flags=re.MULTILINE)

    assert {row[4] for row in _rows(heading)} <= set(headings)


def test_the_version_table_is_listed() -> None:
    columns = ", ".join(f"{name} {dtype} NOT NULL" for name, dtype, *_ in _rows("schema_version"))

    assert f"({columns})" in CREATE_SCHEMA_VERSION


def test_a_meaning_cannot_change_while_the_version_stays() -> None:
    meanings = [
        (heading, name, unit, meaning)
        for heading in (*SCHEMAS, "schema_version")
        for name, _dtype, unit, meaning, _section in _rows(heading)
    ]

    digest = sha256(repr(meanings).encode()).hexdigest()

    assert MEANINGS[BARS_SCHEMA_VERSION, RESULT_SCHEMA_VERSION] == digest


def test_every_key_of_a_manifest_is_listed() -> None:
    section = DOCUMENT[DOCUMENT.index("## Manifests") : DOCUMENT.index("## Digests")]

    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [*SealedManifest.model_fields]


def test_the_current_versions_are_stated() -> None:
    assert f"| current | {BARS_SCHEMA_VERSION} | {RESULT_SCHEMA_VERSION} |" in DOCUMENT
