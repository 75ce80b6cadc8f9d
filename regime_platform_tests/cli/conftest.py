"""The command line as a function: arguments in, exit code and both streams out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from regime_platform.cli.main import main
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.settings import Settings

#: A wide terminal, so that no word of a message is torn where a test looks for it.
WIDE = "400"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int | str | None
    out: str
    err: str


Regime = Callable[..., Ended]


@pytest.fixture
def regime(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Regime:
    """Runs `regime` with the given arguments, by default on an empty data root."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", WIDE)
    monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path / "data"))

    def run(*arguments: str, settings: Settings | None = None) -> Ended:
        if settings is not None:
            monkeypatch.setenv("REGIME_DATA_ROOT", str(settings.data_root))
            if settings.files_root is not None:
                monkeypatch.setenv("REGIME_FILES_ROOT", str(settings.files_root))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        streams = capsys.readouterr()
        return Ended(ended.value.code, streams.out, streams.err)

    return run


@pytest.fixture
def on_sample(regime: Regime, walked: RunWorkspace, monkeypatch: pytest.MonkeyPatch) -> Regime:
    """The same on the sample universe after a walk; for commands that only look."""
    monkeypatch.setenv("REGIME_DATA_ROOT", str(walked.root.path))
    return regime
