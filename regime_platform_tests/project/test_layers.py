"""The import contracts of pyproject.toml hold."""

import subprocess
import sys
from pathlib import Path

from regime_platform.settings import PROJECT_ROOT


def test_every_room_keeps_to_its_imports() -> None:
    command = Path(sys.executable).with_name("lint-imports")

    result = subprocess.run(
        [command, "--no-cache"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout


def test_every_room_says_whether_it_is_pure() -> None:
    rooms = {
        "model": "PURE",
        "revisions": "PURE",
        "validation": "PURE",
        "compute": "PURE",
        "manifests": "PURE",
        "sources": "WORLD",
        "bar_store": "WORLD",
        "compute_db": "WORLD",
        "query": "WORLD",
        "report": "WORLD",
    }

    for room, kind in rooms.items():
        opening = (
            (PROJECT_ROOT / "regime_platform" / room / "__init__.py").read_text().splitlines()[0]
        )
        assert kind in opening, room
