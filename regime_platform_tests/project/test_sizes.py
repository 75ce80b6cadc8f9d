"""Folders, modules and functions stay small."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.project.syntax import modules, syntax

#: Functions over 40 lines whose order of evaluation a split would hide; their docstrings say so.
LONG_ON_PURPOSE: frozenset[str] = frozenset()


def _functions(module: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(syntax(module)):
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                yield node.name, node.end_lineno - body[0].lineno + 1


def test_no_module_is_longer_than_300_lines() -> None:
    long = {
        str(module.relative_to(PROJECT_ROOT)): lines
        for module in modules("regime_platform")
        if (lines := len(module.read_text().splitlines())) > 300
    }

    assert long == {}


def test_no_test_module_is_longer_than_400_lines() -> None:
    long = [
        str(m) for m in modules("regime_platform_tests") if len(m.read_text().splitlines()) > 400
    ]

    assert long == []


def test_no_folder_has_more_than_20modules() -> None:
    sizes = Counter(
        str(module.parent.relative_to(PROJECT_ROOT))
        for module in modules("regime_platform")
        if module.name != "__init__.py"
    )

    assert {folder: size for folder, size in sizes.items() if size > 20} == {}


def test_no_function_body_is_longer_than_40_lines() -> None:
    long = {
        f"{module.stem}.{name}": lines
        for module in modules("regime_platform")
        for name, lines in _functions(module)
        if lines > 40 and f"{module.stem}.{name}" not in LONG_ON_PURPOSE
    }

    assert long == {}


def test_no_module_has_a_name_without_a_subject() -> None:
    names = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "types"}

    assert [module for module in modules("regime_platform") if module.stem in names] == []


def test_every_module_has_a_docstring() -> None:
    without = [str(m) for m in modules("regime_platform") if not ast.get_docstring(syntax(m))]

    assert without == []
