"""The floor of the measured branch coverage only rises."""

import re
import subprocess
import tomllib

from regime_platform.settings import PROJECT_ROOT


def test_the_floor_is_not_below_that_of_any_earlier_commit() -> None:
    log = ["git", "log", "--format=", "-p", "-G^fail_under", "--", "pyproject.toml"]
    changes = subprocess.run(log, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    settings = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())

    added = re.findall(r"^\+fail_under = (\d+)", changes.stdout, re.MULTILINE)
    floors = [int(floor) for floor in added]

    floor = settings["tool"]["coverage"]["report"]["fail_under"]
    assert floor == max([floor, *floors])
