"""Modules and functions stay small enough to be read at one go."""

import ast
from collections.abc import Iterator
from pathlib import Path

from regime_platform.settings import PROJECT_ROOT

#: One pass over the bars, or one decision table of the specification: splitting these would hide
#: the order of evaluation. Their docstrings say so.
LONG_ON_PURPOSE: frozenset[str] = frozenset()


def _modules(folder: str) -> list[Path]:
    return sorted((PROJECT_ROOT / folder).rglob("*.py"))


def _functions(module: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                yield node.name, node.end_lineno - body[0].lineno + 1


def test_no_module_is_longer_than_300_lines() -> None:
    long = {
        str(module.relative_to(PROJECT_ROOT)): lines
        for module in _modules("regime_platform")
        if (lines := len(module.read_text().splitlines())) > 300
    }

    assert long == {}


def test_no_test_module_is_longer_than_400_lines() -> None:
    long = [
        str(m) for m in _modules("regime_platform_tests") if len(m.read_text().splitlines()) > 400
    ]

    assert long == []


def test_no_function_body_is_longer_than_40_lines() -> None:
    long = {
        f"{module.stem}.{name}": lines
        for module in _modules("regime_platform")
        for name, lines in _functions(module)
        if lines > 40 and f"{module.stem}.{name}" not in LONG_ON_PURPOSE
    }

    assert long == {}


def test_no_module_is_a_drawer_without_a_subject() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "types"}

    assert [module for module in _modules("regime_platform") if module.stem in drawers] == []


def test_every_module_says_what_lives_in_it() -> None:
    silent = [
        str(m)
        for m in _modules("regime_platform")
        if not ast.get_docstring(ast.parse(m.read_text()))
    ]

    assert silent == []
