"""`regime demo` through the real Dagster graph, on two of the sample symbols."""

from pathlib import Path

import pytest

from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import fingerprint

_ENTRY = "{{symbol: {0}, name: {0}, asset_class: US_EQUITY, tier: daily, source: sample}}"


@pytest.mark.slow
def test_demo_shows_board_and_pages_and_is_idempotent(
    regime: Regime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path))
    entries = "".join(f"\n  - {_ENTRY.format(symbol)}" for symbol in ("MSFT", "FB"))
    (tmp_path / "universe.yaml").write_text(f"instruments:{entries}\n")

    first = regime("demo")
    before = fingerprint(tmp_path)
    second = regime("demo")

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert "transition" in first.out
    assert "too short" in first.out
    assert (tmp_path / "report" / "MSFT.html").exists()
    assert not (tmp_path / "report" / "FB.html").exists()  # 196 bars: nothing to look at
    assert f"make ui DATA={tmp_path}" in first.err
    assert "nothing changed" in second.out
    assert fingerprint(tmp_path) == before
