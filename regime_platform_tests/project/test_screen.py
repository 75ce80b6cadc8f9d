"""Only the screen module prints, and no console interprets text as markup."""

import ast
from collections.abc import Iterator

from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.project.syntax import modules, syntax

_SCREEN = "cli/console/screen.py"
_PRINTERS = {"print", "echo", "secho", "Console", "get_console", "rprint", "pprint"}
_STREAMS = {("sys", "stdout"), ("sys", "stderr"), ("sys", "__stdout__"), ("sys", "__stderr__")}
_MODULES = {"rich.console", "click", "colorama", "curses"}


def _faults(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in _PRINTERS:
                yield f"line {node.lineno}: {name}()"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="typer"), attr=name)) if (
                name in _PRINTERS
            ):
                yield f"line {node.lineno}: typer.{name}()"
            case ast.Attribute(value=ast.Name(id=module), attr=name) if (module, name) in _STREAMS:
                yield f"line {node.lineno}: {module}.{name}"
            case ast.Attribute(attr="from_markup"):
                yield f"line {node.lineno}: from_markup"
            case ast.keyword(arg="markup" | "emoji", value=value) if not _is_false(value):
                yield f"line {value.lineno}: markup is switched on"
            case ast.ImportFrom(module=str(module)) if module in _MODULES:
                yield f"line {node.lineno}: from {module}"
            case ast.Import(names=names) if any(module.name in _MODULES for module in names):
                yield f"line {node.lineno}: import of {names[0].name}"


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


def test_only_the_screen_prints() -> None:
    root = PROJECT_ROOT / "regime_platform"
    faults = {
        name: lines
        for module in modules("regime_platform")
        if (name := module.relative_to(root).as_posix()) != _SCREEN
        and (lines := list(_faults(syntax(module))))
    }

    assert faults == {}


def test_every_way_of_printing_is_detected() -> None:
    wrong = """
from rich.console import Console
import click
print("x")
typer.echo("x")
sys.stdout.write("x")
Console().print("[bold]x", markup=True)
Text.from_markup("x")
"""

    assert len(list(_faults(ast.parse(wrong)))) == 8
