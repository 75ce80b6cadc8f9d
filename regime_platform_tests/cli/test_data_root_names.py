"""Names of data roots that the databases would misread are refused."""

from pathlib import Path

import pytest

from regime_platform.cli.main import main
from regime_platform.orchestration.instance.home import open_instance
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street


@pytest.mark.parametrize("sign", ["?", "*", "[", "\\", "\n", "\udcff"])
def test_unsafe_data_root_name_is_refused_before_anything_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sign: str
) -> None:
    before = sorted(tmp_path.iterdir())
    monkeypatch.setenv("REGIME_DATA_ROOT", f"{tmp_path}/data{sign}root")

    for command in (("run", "--all"), ("status",), ("doctor",), ("service", "install")):
        assert _code(*command) == 1
        assert f"cannot be used: DuckDB, Dagster or systemd misread {sign!r}" in "".join(
            capsys.readouterr().err.splitlines()
        )

    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("REGIME_WORKERS", "x", "REGIME_WORKERS is 'x': Input should be a valid integer"),
        ("REGIME_VERIFY_SHARE", "2", "REGIME_VERIFY_SHARE is '2': Input should be less"),
        ("REGIME_DATA_ROOT", __file__, "is no folder"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    expected: str,
) -> None:
    monkeypatch.setenv(name, value)

    for command in (("run", "--all"), ("status", "--check"), ("doctor",), ("board",)):
        assert _code(*command) == 1
        assert expected in capsys.readouterr().err.replace("\n", " ")


def test_all_other_characters_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a #%20%s 'b' \"c\" é中 {x} $HOME &;:~|+=,@!]"
    settings = street(folder, ["ELM"])
    serve(settings, "ELM", "1day", make_bars(400))
    monkeypatch.setenv("REGIME_DATA_ROOT", str(settings.data_root))
    monkeypatch.setenv("REGIME_FILES_ROOT", str(settings.files_root))

    for command in (
        ("run", "ELM"),
        ("verify", "ELM"),
        ("bars", "ELM", "1day"),
        ("state", "ELM"),
        ("backup", str(folder / "copy")),
    ):
        assert _code(*command) == 0, command
    with open_instance(settings) as instance:
        assert instance.get_runs_count() == 0
    assert (settings.data_root / "dagster/storage/history/runs.db").exists()
    assert sorted(path.name for path in folder.iterdir()) == ["copy", "data", "files"]
    capsys.readouterr()
    assert _code("service", "install") == 0
    units = capsys.readouterr().out
    assert '\\"c\\" é中' in units
    assert "#%%20%%s" in units


def _code(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code
