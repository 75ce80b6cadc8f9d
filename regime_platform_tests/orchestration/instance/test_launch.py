"""However a symbol is processed, its digests are the same: one engine and one call path."""

import json
from pathlib import Path

import pytest

from regime_platform.cli.main import main
from regime_platform.orchestration.instance.launch import materialize_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings

pytestmark = pytest.mark.slow

SYMBOLS = ["EURUSD", "SYNTH", "AAPL", "FB"]


def _digests(root: Path) -> dict[str, tuple[str, str]]:
    def facts(symbol: str, name: str) -> dict[str, str]:
        document = json.loads((root / "assets" / symbol / name).read_text())
        manifest: dict[str, str] = document["manifest"]
        return manifest

    return {
        symbol: (
            facts(symbol, "manifest.json")["content_digest"],
            facts(symbol, "compute_manifest.json")["content_digest"],
        )
        for symbol in SYMBOLS
    }


def test_dagster_the_command_line_and_the_pipeline_come_to_the_same_digests(
    processed: RunWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dagster_root, command_root = tmp_path / "dagster", tmp_path / "command"

    launched = materialize_symbols(Settings(_env_file=None, REGIME_DATA_ROOT=dagster_root), SYMBOLS)
    monkeypatch.setenv("REGIME_DATA_ROOT", str(command_root))
    monkeypatch.setenv("REGIME_WORKERS", "1")
    with pytest.raises(SystemExit, match="0"):
        main(["run", *SYMBOLS])

    assert launched.is_success
    assert _digests(dagster_root) == _digests(processed.root.path)
    assert _digests(command_root) == _digests(processed.root.path)
