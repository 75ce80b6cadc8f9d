"""Tables of Markdown."""

from collections.abc import Iterable, Sequence

Row = Sequence[str]


def table(heads: Row, rows: Iterable[Row]) -> str:
    """A table with a head."""
    lines = [heads, ["---"] * len(heads), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
