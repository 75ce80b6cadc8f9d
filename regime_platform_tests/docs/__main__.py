"""Makes the pages and pictures of `docs` again that are made from the code.

python -m regime_platform_tests.docs
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import PROJECT_ROOT, Settings
from regime_platform_tests.conftest import NOW
from regime_platform_tests.docs.indices import PICTURES, index_picture, prepared, with_indices
from regime_platform_tests.docs.made import PAGES
from regime_platform_tests.docs.pictures import SYMBOL, pictures

FOLDER = PROJECT_ROOT / "docs"


def main() -> None:
    """Writes what differs, and prints it."""
    for name, text in _files():
        target = FOLDER / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
            print(target)


def _files() -> Iterator[tuple[str, str]]:
    yield from ((f"reference/{name}", page()) for name, page in PAGES.items())
    with tempfile.TemporaryDirectory() as root:
        workspace = RunWorkspace.open(Settings(_env_file=None, REGIME_DATA_ROOT=Path(root)))
        instrument, _paths = workspace.find(SYMBOL)
        run_symbol(workspace, instrument, NOW)
        yield from ((f"images/{name}", text) for name, text in pictures(workspace))
    with tempfile.TemporaryDirectory() as folder:
        indices = prepared(Path(folder))
        yield "studies.md", with_indices((FOLDER / "studies.md").read_text("utf-8"), indices)
        yield from ((f"images/{name}", index_picture(indices, *of)) for name, *of in PICTURES)


if __name__ == "__main__":
    main()
