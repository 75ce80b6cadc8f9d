"""Paths and links of every document exist, and every page stands in the index."""

import re
from pathlib import Path

import pytest

from regime_platform.settings import PROJECT_ROOT

README = (PROJECT_ROOT / "README.md").read_text()
PAGES = [
    *(PROJECT_ROOT / name for name in ("README.md", "data/README.md")),
    *sorted((PROJECT_ROOT / "docs").rglob("*.md")),
]
PATH = re.compile(r"`((?:regime_platform|regime_platform_tests|docs)/[\w./-]*|data/README\.md)`")
MAKE = re.compile(r"(?:^|`)make ([a-z-]+)", flags=re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)\)")
DECISIONS = {
    int(page.name[:4]): page for page in PAGES if page.parent == PROJECT_ROOT / "docs" / "decisions"
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_path_and_link_of_a_document_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    paths = [PROJECT_ROOT / path for path in PATH.findall(text)]
    paths += [page.parent / link for link in LINK.findall(text) if "://" not in link]

    assert [str(path) for path in paths if not path.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_decision_that_a_document_refers_to_exists(page: Path) -> None:
    numbers = re.findall(r"\bdecision (\d+)", page.read_text(encoding="utf-8"))

    assert [number for number in numbers if int(number) not in DECISIONS] == []


def test_every_decision_has_a_number_of_its_own() -> None:
    pages = [page for page in PAGES if page.parent.name == "decisions"]

    assert len(pages) == len(DECISIONS) >= 50


@pytest.mark.parametrize(("number", "page"), DECISIONS.items(), ids=str)
def test_the_title_of_a_decision_is_its_file_name(number: int, page: Path) -> None:
    title = page.read_text(encoding="utf-8").splitlines()[0]
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower().replace("'", "")).strip("-")

    assert title.startswith(f"# {number}. ")
    assert slug.removeprefix(f"{number}-").startswith(page.stem[5:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_make_target_of_a_document_exists(page: Path) -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))

    assert set(MAKE.findall(page.read_text(encoding="utf-8"))) <= targets


def test_the_readme_names_the_command_of_the_tests() -> None:
    assert "`make test`" in README


def test_every_page_stands_in_the_index() -> None:
    index = PROJECT_ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(index.read_text("utf-8"))}
    decisions = index.parent / "decisions"

    assert decisions in linked
    assert {page for page in PAGES if page.parent != decisions} - linked == {
        PROJECT_ROOT / "README.md",
        index,
    }
