"""docs/studies.md: its example runs, and what it shows of two indices is what that gives."""

from pathlib import Path

import pytest

from regime_platform.settings import PROJECT_ROOT
from regime_platform.studies.catalog import STUDIES
from regime_platform_tests.docs.indices import PAGE, PICTURES, index_picture, prepared, story

TEXT = PAGE.read_text(encoding="utf-8")
REMEDY = "run `python -m regime_platform_tests.docs`"


def test_every_study_is_explained_and_has_its_power_measured() -> None:
    for name, entry in STUDIES.items():
        assert f"| `{name}` | {entry.question[0].lower()}{entry.question[1:-1]} |" in TEXT
        assert f"\n**{name}.** " in TEXT
        measured = TEXT.partition(f"<!-- power of {name} -->")[2].partition("<!-- end")[0]
        assert "| Nothing planted" in measured


@pytest.mark.slow
def test_the_example_gives_what_the_page_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = prepared(tmp_path)

    printed = capsys.readouterr().out
    assert story(root) in TEXT, REMEDY
    name, *of = PICTURES[0]
    picture = (PROJECT_ROOT / "docs" / "images" / name).read_text(encoding="utf-8")
    assert index_picture(root, *of) == picture, REMEDY
    quoted = next(
        line for line in TEXT.splitlines() if "S&P 500: No evidence that HIGH con" in line
    )
    assert quoted.partition(": ")[2] in " ".join(printed.split()), REMEDY
