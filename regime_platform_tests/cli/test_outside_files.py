"""Special files, such as pipes, are refused by every command."""

import os
from pathlib import Path

import pytest

from regime_platform.cli.main import main
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.model.test_yaml_text import LAUGHS
from regime_platform_tests.scenario import serve, street

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """One symbol that the ``files`` source has daily bars of."""
    settings = street(tmp_path, ["ELM"], timeframes=("1day", "1week"))
    serve(settings, "ELM", "1day", make_bars(300))
    monkeypatch.setenv("REGIME_DATA_ROOT", str(settings.data_root))
    monkeypatch.setenv("REGIME_FILES_ROOT", str(settings.files_root))
    monkeypatch.setenv("COLUMNS", "400")  # no line of an error folds
    return settings


@pytest.mark.parametrize("name", ["1week.csv", "1week.parquet", "mapping.yaml"])
@pytest.mark.parametrize("make", ["pipe", "device"])
def test_special_files_fail_their_symbol_without_hanging(
    settings: Settings, capsys: pytest.CaptureFixture[str], name: str, make: str
) -> None:
    assert settings.files_root is not None
    path = settings.files_root / "ELM" / name
    os.mkfifo(path) if make == "pipe" else path.symlink_to("/dev/zero")

    code, text = _run(capsys, "update", "ELM")

    assert code == (1 if name == "mapping.yaml" else 3)  # of a week alone the days are stored
    assert f"is a {make}, not a file" in text


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "PATH", "--symbol", "ELM", "--timeframe", "1day", "--output", "OUT"),
        ("validate", "--input", "file", "PATH", "--symbol", "ELM", "--timeframe", "1day"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_a_pipe_named_as_bars_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    suffix: str,
) -> None:
    path = tmp_path / f"bars{suffix}"
    os.mkfifo(path)
    places = {"PATH": str(path), "OUT": str(tmp_path / "out")}

    code, text = _run(capsys, *(places.get(word, word) for word in command))

    assert code in {1, 2}
    assert str(path) in text


@pytest.mark.parametrize("name", ["universe.yaml", "gate.yaml", "eras/adopted.yaml"])
@pytest.mark.parametrize("fault", ["laughs", "pipe", "deep"])
def test_documents_of_the_data_root_are_read_within_bounds(
    settings: Settings, capsys: pytest.CaptureFixture[str], name: str, fault: str
) -> None:
    path = settings.data_root / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    texts = {"laughs": LAUGHS, "deep": "[" * 100_000}
    os.mkfifo(path) if fault == "pipe" else path.write_text(texts[fault])

    command = ("universe", "check") if name == "universe.yaml" else ("promote", "ELM")
    code, text = _run(capsys, *command)

    assert code == 1
    assert path.name in text
    reasons = {"laughs": "aliases repeat", "deep": "nests deeper", "pipe": "is a pipe"}
    assert reasons[fault] in text


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    captured = capsys.readouterr()
    return ended.value.code, " ".join((captured.out + captured.err).split())
