"""Every error says by its code what went wrong, so that scripts need not read messages."""

import ast
import re
from pathlib import Path

import pytest

from regime_platform import errors
from regime_platform.errors import RegimeError
from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.project.syntax import modules, syntax

#: Errors with many causes: each one that is raised names its own.
GENERAL = ("RegimeError", "UsageError", "ConfigError", "SourceError", "BarsError", "ResultsError")
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MODULES = modules("regime_platform")


def _calls(module: Path) -> list[tuple[str, ast.Call]]:
    return [
        (node.func.id, node)
        for node in ast.walk(syntax(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]


def test_every_error_of_a_general_class_has_a_code_of_its_own() -> None:
    without = [
        f"{module.relative_to(PROJECT_ROOT)}:{call.lineno}"
        for module in MODULES
        for name, call in _calls(module)
        if name in GENERAL and "code" not in {keyword.arg for keyword in call.keywords}
    ]

    assert without == []


@pytest.mark.slow
def test_codes_are_lower_case_words_with_hyphens() -> None:
    codes = {
        keyword.value.value
        for module in MODULES
        for _name, call in _calls(module)
        for keyword in call.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }

    assert len(codes) > 100
    assert [code for code in codes if isinstance(code, str) and not CODE.fullmatch(code)] == []


@pytest.mark.parametrize(
    "error",
    [kind for kind in vars(errors).values() if isinstance(kind, type)],
    ids=lambda kind: kind.__name__,
)
def test_every_class_of_errors_has_a_code(error: type) -> None:
    assert not issubclass(error, RegimeError) or CODE.fullmatch(error.default_code)
