"""The import contracts of pyproject.toml hold, and each package states whether it is pure."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from regime_platform.settings import PROJECT_ROOT

SOURCE = PROJECT_ROOT / "regime_platform"
PACKAGES = sorted(path.parent for path in SOURCE.glob("*/__init__.py"))
CONTRACTS = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
(_PURE,) = [
    contract["source_modules"]
    for contract in CONTRACTS["contracts"]
    if contract["name"].startswith("Pure packages")
]
PURE = {name.removeprefix("regime_platform.") for name in _PURE}


def test_every_package_keeps_to_its_imports() -> None:
    command = Path(sys.executable).with_name("lint-imports")

    result = subprocess.run(
        [command, "--no-cache"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_the_first_line_of_a_package_states_whether_it_is_pure(package: Path) -> None:
    first_line = (package / "__init__.py").read_text().splitlines()[0]

    assert first_line.startswith('"""PURE: ' if package.name in PURE else '"""I/O')


def test_the_contract_names_existing_packages() -> None:
    assert {package.name for package in PACKAGES} > PURE


def test_only_one_package_imports_what_dagster_keeps_private() -> None:
    instance = SOURCE / "orchestration" / "instance"

    private = {
        path
        for path in SOURCE.rglob("*.py")
        if not path.is_relative_to(instance)
        and re.search(r"\b(dagster(_\w+)?|dg)\._", path.read_text())
    }

    assert private == set()


def test_a_decision_names_every_private_module_of_dagster_that_is_used() -> None:
    (decision,) = (PROJECT_ROOT / "docs" / "decisions").glob("0062-*.md")
    instance = SOURCE / "orchestration" / "instance"

    used = {
        name
        for path in instance.glob("*.py")
        for name in re.findall(r"(?:from|import) (dagster\._[\w.]+)", path.read_text())
    }

    assert used
    assert {name for name in used if f"`{name}`" not in decision.read_text()} == set()
