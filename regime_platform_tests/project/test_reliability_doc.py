"""docs/reliability.md names tests that exist."""

import ast
import re
from pathlib import Path

import pytest

from regime_platform_tests.project.syntax import syntax

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


@pytest.mark.slow
def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall(PAGE.read_text(encoding="utf-8"))
    missing = [f"{path}::{name}" for path, name in named if name not in _functions(TESTS / path)]

    assert len(named) > 50
    assert missing == []


def test_every_row_of_the_page_names_a_test() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    bare = [
        row for row in rows if not NAMED.search(row) and not row.startswith(("| fault", "| ---"))
    ]

    assert bare == []


def _functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(syntax(path)) if isinstance(node, ast.FunctionDef)}
