"""Every study of the catalog can be loaded, and says so where its libraries are missing."""

import subprocess
import sys

import pytest

from regime_platform.errors import ConfigError, UsageError
from regime_platform.studies.catalog import LIBRARIES, STUDIES, StudyEntry, study_entry
from regime_platform_tests.error_codes import raises


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_has_its_two_functions_and_a_question(name: str) -> None:
    study = STUDIES[name].load()

    assert callable(study.of)
    assert callable(study.pooled)
    assert STUDIES[name].question.endswith("?")


def test_a_misspelt_study_is_refused_with_what_was_meant() -> None:
    with raises(UsageError, "unknown-study", match="did you mean lead-time"):
        study_entry("leadtime")


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_missing_library_is_named_with_the_remedy(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(_name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{library}.x'", name=f"{library}.x")

    monkeypatch.setattr("regime_platform.studies.catalog.import_module", without)

    with raises(ConfigError, "extra-missing", match=rf"{library}.*`make studies`"):
        STUDIES["leakage"].load()


def test_a_missing_module_of_our_own_is_no_missing_library() -> None:
    with pytest.raises(ModuleNotFoundError):
        StudyEntry("x", "X", "x?", "no_such_module").load()


@pytest.mark.slow
def test_the_catalog_is_read_without_the_libraries() -> None:
    code = (
        "import sys\nimport regime_platform.studies.catalog\n"
        f"assert not {set(LIBRARIES)!r} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
