"""Pages and pictures of docs are what their makers make."""

import pytest

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.docs.made import PAGES
from regime_platform_tests.docs.pictures import pictures

DOCS = PROJECT_ROOT / "docs"
REMEDY = "run `python -m regime_platform_tests.docs`"


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_is_what_is_made_from_the_code(name: str) -> None:
    is_made = (DOCS / "reference" / name).read_text(encoding="utf-8") == PAGES[name]()

    assert is_made, REMEDY


@pytest.mark.slow
def test_every_picture_is_what_is_made_from_the_sample_bars(processed: RunWorkspace) -> None:
    made = dict(pictures(processed))
    stored = {
        str(path.relative_to(DOCS / "images")): path.read_text(encoding="utf-8")
        for path in (DOCS / "images").rglob("*.svg")
        if path.parent.name != "studies"  # see test_studies_page
    }

    assert made.keys() == stored.keys()
    assert [name for name in made if made[name] != stored[name]] == [], REMEDY
    assert sum(map(len, made.values())) < 400_000
