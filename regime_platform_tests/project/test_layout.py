"""Tests are in the same folders as the source that they test."""

from regime_platform.settings import PROJECT_ROOT

SOURCE = PROJECT_ROOT / "regime_platform"
TESTS = PROJECT_ROOT / "regime_platform_tests"
#: Folders of the tests without a package of the source, and why.
OF_THEIR_OWN = {
    "bench": "measurements",
    "chaos": "faults that are done to the real program",
    "dialects": "files of every form, from true series",
    "docs": "pages made from the code, and pages that run",
    "end_to_end": "an operator's week on the whole platform",
    "golden": "expected results",
    "project": "checks of the whole project",
    "reference": "a second implementation of the compute",
    "security": "what outside bytes, other users and changed packages may not do",
    "supply_chain": "what the locked packages are",
    "ui": "tests in a browser",
}


def test_every_test_folder_has_a_package() -> None:
    folders = sorted({module.parent.relative_to(TESTS) for module in TESTS.rglob("*.py")})
    alone = [
        str(folder)
        for folder in folders
        if not (SOURCE / folder).is_dir() and folder.parts[0] not in OF_THEIR_OWN
    ]

    assert len(folders) > 20
    assert alone == []


def test_the_package_has_no_leftovers_of_a_merge_or_an_editor() -> None:
    files = [path for path in SOURCE.rglob("*") if path.is_file() and path.suffix != ".pyc"]

    known = {".css", ".html", ".js", ".json", ".parquet", ".py", ".svg", ".typed"}
    assert {path.suffix for path in files} == known


def test_tests_in_a_browser_are_where_they_are_looked_for() -> None:
    marked = {path for path in TESTS.rglob("test_*.py") if "mark.ui" in path.read_text()}

    assert marked - {PROJECT_ROOT / __file__} == set((TESTS / "ui").glob("test_*.py"))
