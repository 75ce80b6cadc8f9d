"""Values and functions are named by nouns: no `one`, `told`, `held` and the like."""

import ast
from collections.abc import Iterator

import pytest

from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.project.syntax import modules, syntax

UNCLEAR = frozenset({"one", "told", "held", "found", "said", "whose"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def unclear_names(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and name of every value, parameter, attribute and function with an unclear name."""
    names = (name for node in ast.walk(tree) for name in _defined(node))
    return sorted((line, name) for line, name in names if name.strip("_") in UNCLEAR)


def _defined(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            yield node.lineno, name
        case ast.Attribute(attr=name):
            yield node.lineno, name
        case ast.keyword(arg=str(name)):
            yield node.lineno, name
        case ast.alias(asname=str(name)):
            yield node.lineno, name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield node.lineno, name
        case ast.ExceptHandler(name=str(name)):
            yield node.lineno, name
        case _ if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield node.lineno, node.name


@pytest.mark.slow
@pytest.mark.parametrize("package", ["regime_platform", "regime_platform_tests"])
def test_no_value_has_an_unclear_name(package: str) -> None:
    unclear = [
        f"{module.relative_to(PROJECT_ROOT)}:{line}: {name}"
        for module in modules(package)
        for line, name in unclear_names(syntax(module))
    ]

    assert len(modules(package)) > 100
    assert unclear == []


@pytest.mark.parametrize(
    "source",
    [
        "told = 1",
        "_held: int = 1",
        "for one in bars: pass",
        "[one for one in bars]",
        "if (found := next(bars)): pass",
        "with open(path) as found: pass",
        "def read(whose): pass",
        "def _told(): pass",
        "class Bar:\n    said: int",
        "bar.held = 1",
        "lambda one: 1",
        "import told_module as told",
        "try:\n    pass\nexcept ValueError as found:\n    pass",
        "match bar:\n    case found:\n        pass",
    ],
)
def test_every_way_of_naming_a_value_is_checked(source: str) -> None:
    assert unclear_names(ast.parse(source))


def test_clear_names_pass() -> None:
    assert unclear_names(ast.parse("stored = [bar for bar in bars if bar.is_found]")) == []
