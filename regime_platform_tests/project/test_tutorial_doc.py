"""docs/tutorial.md: every cell runs, and shows what the page says."""

import ast
import io
import re
from contextlib import redirect_stdout
from typing import Any

import polars as pl
import pytest
import time_machine

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.conftest import NOW

PAGE = (PROJECT_ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
#: A cell, and what it shows where a block of text follows.
CELL = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", flags=re.DOTALL)
CELLS = CELL.findall(PAGE)


@pytest.mark.slow
def test_every_cell_of_the_tutorial_shows_what_the_page_says(
    processed: RunWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGIME_DATA_ROOT", str(processed.root.path))
    names: dict[str, Any] = {}

    with pl.Config(), time_machine.travel(NOW.timestamp() + 3600, tick=False):
        shown = [_shown(cell, names) for cell, _ in CELLS]

    assert len(CELLS) > 12
    assert sum(bool(expected) for _, expected in CELLS) > 10
    assert [
        pair for pair in zip(shown, CELLS, strict=True) if pair[1][1] not in {"", pair[0]}
    ] == []


def _shown(cell: str, names: dict[str, Any]) -> str:
    """What a notebook shows of a cell: what it prints, and the value of its last expression."""
    *statements, last = ast.parse(cell).body
    output = io.StringIO()
    with redirect_stdout(output):
        exec(compile(ast.Module(statements, []), "cell", "exec"), names)  # noqa: S102 - the page's
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307
            if value is not None:
                print(value if isinstance(value, pl.DataFrame) else repr(value))
        else:
            exec(compile(ast.Module([last], []), "cell", "exec"), names)  # noqa: S102
    return output.getvalue()
