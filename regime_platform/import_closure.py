"""I/O: the source files that determine the numbers, and their digest.

Only an edit of a module that an entry point of the engine imports can change a number.
"""

import ast
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

_ROOT = Path(__file__).parent
_PACKAGE = _ROOT.name
#: What the pipeline calls to compute results, from all bars or from new ones.
ENTRY_POINTS = (f"{_PACKAGE}.compute.incremental", f"{_PACKAGE}.compute.engine")


@cache
def engine_digest() -> str:
    """SHA-256 hex of the names and sources of the engine's modules; read once per process."""
    digest = sha256()
    for module, source in sorted(import_closure(ENTRY_POINTS).items()):
        digest.update(f"{module}\n".encode())
        digest.update(sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def import_closure(entry_points: tuple[str, ...]) -> dict[str, Path]:
    """The modules of this package that importing ``entry_points`` imports, and their files.

    The package itself is left out: its ``__init__`` imports the Python API on demand.
    """
    closure: dict[str, Path] = {}
    waiting = list(entry_points)
    while waiting:
        module = waiting.pop()
        source = _source_of(module)
        if module not in closure and source is not None:
            closure[module] = source
            waiting.extend(_imported_by(module, source))
    return closure


def _source_of(module: str) -> Path | None:
    """The file of a module; None for the package itself and for names that are no modules."""
    parts = module.split(".")
    if parts[0] != _PACKAGE or len(parts) == 1:
        return None
    path = _ROOT.joinpath(*parts[1:])
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((file for file in candidates if file.is_file()), None)


def _imported_by(module: str, source: Path) -> Iterator[str]:
    yield module.rpartition(".")[0]  # importing a module imports its package first
    inside = module if source.name == "__init__.py" else module.rpartition(".")[0]
    for node in _statements(ast.parse(source.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, inside)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All statements that may run; those under TYPE_CHECKING are left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from (inner for other in node.orelse for inner in (other, *_statements(other)))
        elif isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            yield node
            yield from _statements(node)


def _absolute(node: ast.ImportFrom, inside: str) -> str:
    if not node.level:
        return node.module or ""
    parts = inside.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join((*base, node.module) if node.module else base)
