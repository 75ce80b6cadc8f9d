"""The compute digest follows the sources of compute and model, wherever the checkout lies."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from regime_platform.code_version import code_version
from regime_platform.settings import PROJECT_ROOT

_PRINT = """
import json
from regime_platform.code_version import code_version
print(json.dumps(code_version().facts()))
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Another folder with the same sources, and no history."""
    shutil.copytree(
        PROJECT_ROOT / "regime_platform",
        tmp_path / "regime_platform",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return tmp_path


def _facts(checkout: Path) -> dict[str, Any]:
    answer = subprocess.run(
        [sys.executable, "-B", "-c", _PRINT],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    facts: dict[str, Any] = json.loads(answer.stdout)
    return facts


def _append_to(checkout: Path, *modules: str) -> None:
    for module in modules:
        with (checkout / "regime_platform" / module).open("a") as source:
            source.write("\n# one more line\n")


def test_the_same_sources_have_the_same_digest_in_another_folder(checkout: Path) -> None:
    first = _facts(checkout)
    elsewhere = shutil.move(checkout / "regime_platform", checkout / "moved" / "regime_platform")

    second = _facts(Path(elsewhere).parent)

    assert first["compute_digest"] == second["compute_digest"]
    assert first["commit"] is None
    assert first["is_dirty"] is None


def test_a_line_of_compute_or_model_changes_the_digest_and_any_other_does_not(
    checkout: Path,
) -> None:
    digests = [_facts(checkout)["compute_digest"]]
    for modules in (
        ("report/page.py", "pipeline/walk.py"),
        ("compute/escalation.py",),
        ("model/digests.py",),
    ):
        _append_to(checkout, *modules)
        digests.append(_facts(checkout)["compute_digest"])

    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_a_renamed_source_changes_the_digest(checkout: Path) -> None:
    before = _facts(checkout)["compute_digest"]

    (checkout / "regime_platform/compute/labels.py").rename(
        checkout / "regime_platform/compute/marks.py"
    )

    assert _facts(checkout)["compute_digest"] != before


def test_the_facts_name_every_library_that_computes_or_stores() -> None:
    facts = code_version().facts()

    libraries = facts["libraries"]
    assert isinstance(libraries, dict)
    assert {"numba", "numpy", "llvmlite", "polars", "pyarrow", "duckdb"} <= set(libraries)
    assert json.loads(json.dumps(facts)) == facts
