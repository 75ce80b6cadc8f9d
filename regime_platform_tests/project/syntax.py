"""The modules of the project and their syntax trees, which several tests look through."""

import ast
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from regime_platform.settings import PROJECT_ROOT


@cache
def modules(package: str) -> Sequence[Path]:
    """All modules below a package, in order."""
    return sorted((PROJECT_ROOT / package).rglob("*.py"))


@cache
def syntax(module: Path) -> ast.Module:
    """What a module is made of; nobody changes it."""
    return ast.parse(module.read_text(encoding="utf-8"))
