"""`regime demo` through the real Dagster graph, on two of the sample symbols."""

import os
import subprocess
import sys
from pathlib import Path

from regime_platform_tests.scenario import fingerprint

_ENTRY = "{{symbol: {0}, name: {0}, asset_class: US_EQUITY, tier: daily, source: sample}}"


def _demo(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "regime_platform.cli.main", "demo"],
        env={**os.environ, "REGIME_DATA_ROOT": str(root), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_demo_shows_board_and_pages_and_is_idempotent(tmp_path: Path) -> None:
    entries = "".join(f"\n  - {_ENTRY.format(symbol)}" for symbol in ("MSFT", "FB"))
    (tmp_path / "universe.yaml").write_text(f"instruments:{entries}\n")

    first = _demo(tmp_path)
    before = fingerprint(tmp_path)
    second = _demo(tmp_path)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "transition" in first.stdout
    assert "too short" in first.stdout
    assert (tmp_path / "report" / "MSFT.html").exists()
    assert not (tmp_path / "report" / "FB.html").exists()  # 196 bars: nothing to look at
    assert f"make ui DATA={tmp_path}" in first.stderr.replace("\n", "")
    assert "nothing changed" in second.stdout
    assert fingerprint(tmp_path) == before
