"""The compute digest and the kernels follow the engine's sources, wherever the checkout lies."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from regime_platform.code_version import code_version
from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.checkouts import answer_of

_PRINT = """
import json
from regime_platform.code_version import code_version
print(json.dumps(code_version().document()))
"""

_AFTER_EDITS = """
import json, pathlib, sys
from regime_platform import import_closure, kernel_cache
found = []
for module, old, new in [("errors.py", "", ""), *json.loads(sys.argv[1])]:
    source = pathlib.Path("regime_platform", module)
    text = source.read_text()
    source.write_text(text.replace(old, new) if old else text + new)
    import_closure.engine_digest.cache_clear()
    kernel_cache.kernel_cache.cache_clear()
    digest, cache = import_closure.engine_digest(), kernel_cache.kernel_cache()
    found.append([digest, cache.folder.name])
    source.write_text(text)
print(json.dumps(found))
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


@pytest.mark.slow
def test_the_same_sources_have_the_same_digest_in_another_folder(checkout: Path) -> None:
    first = _facts(checkout)
    elsewhere = shutil.move(checkout / "regime_platform", checkout / "moved" / "regime_platform")

    second = _facts(Path(elsewhere).parent)

    assert first["compute_digest"] == second["compute_digest"]
    assert first["commit"] is None
    assert first["is_dirty"] is None


@pytest.mark.slow
def test_a_line_of_compute_or_model_changes_the_digest_and_any_other_does_not(
    checkout: Path,
) -> None:
    digests = [_facts(checkout)["compute_digest"]]
    for modules in (
        ("report/page.py", "pipeline/run.py"),
        ("compute/escalation.py",),
        ("model/digests.py",),
    ):
        _append_to(checkout, *modules)
        digests.append(_facts(checkout)["compute_digest"])

    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


@pytest.mark.slow
def test_a_renamed_source_changes_the_digest(checkout: Path) -> None:
    before = _facts(checkout)["compute_digest"]

    (checkout / "regime_platform/compute/labels.py").rename(
        checkout / "regime_platform/compute/marks.py"
    )

    assert _facts(checkout)["compute_digest"] != before


@pytest.mark.slow
def test_kernels_and_digest_follow_what_the_engine_imports_and_nothing_else(
    checkout: Path,
) -> None:
    labels = (checkout / "regime_platform/model/result_schema.py").read_text()
    order = labels[labels.index("REGIME_LABELS") :].partition("(")[2].partition(")")[0]
    other_order = ", ".join(reversed(order.replace("\n", " ").strip(" ,").split(", ")))
    nested = "compute/deeper/kernels.py"
    (checkout / "regime_platform/compute/deeper").mkdir()
    (checkout / "regime_platform" / nested).write_text("EDGE = 1.0\n")
    risk = checkout / "regime_platform/compute/metrics/risk.py"
    risk.write_text(f"{risk.read_text()}\nfrom regime_platform.compute.deeper import kernels\n")
    edits = [
        ("model/result_schema.py", order, other_order),
        ("compute/primitives.py", "", "# an edit\n"),
        (nested, "1.0", "2.0"),
        ("model/universe/universe.py", "", "# an edit\n"),
        ("compute/eras/detection.py", "", "# an edit\n"),
        ("kernel_cache.py", "", "# an edit\n"),
    ]

    before, *after = answer_of(_AFTER_EDITS, checkout, json.dumps(edits))

    for digest, folder in after[:3]:
        assert digest != before[0]
        assert folder != before[1]
    assert after[3:] == [before] * 3


def test_the_facts_name_every_library_that_computes_or_stores() -> None:
    facts = code_version().document()

    libraries = facts["libraries"]
    assert isinstance(libraries, dict)
    assert {"numba", "numpy", "llvmlite", "polars", "pyarrow", "duckdb"} <= set(libraries)
    assert json.loads(json.dumps(facts)) == facts
