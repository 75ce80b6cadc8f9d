"""Tables of Markdown, and parts of pages that are made."""

import re
from collections.abc import Iterable, Sequence

Row = Sequence[str]


def table(heads: Row, rows: Iterable[Row]) -> str:
    """A table with a head."""
    lines = [heads, ["---"] * len(heads), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def replaced(page: str, key: str, text: str) -> str:
    """The page with other text between ``<!-- key -->`` and ``<!-- end of key -->``."""
    start, end = f"<!-- {key} -->", f"<!-- end of {key} -->"
    between = re.compile(f"(?<={re.escape(start)}).*?(?={re.escape(end)})", re.DOTALL)
    changed, count = between.subn(lambda _match: f"\n\n{text}\n\n", page)
    assert count == 1, f"the page has no part between {start} and {end}"
    return changed


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
