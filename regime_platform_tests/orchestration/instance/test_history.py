"""Damaged databases of Dagster are named with a remedy that works, and stop nothing but Dagster."""

import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from regime_platform.cli.main import main
from regime_platform.orchestration.instance.history import HistoryError, set_history_aside
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.settings import Settings
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import street

MAIN = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
RUN = "history/runs/0a1b2c3d-0000-4000-8000-000000000000.db"


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history")
    with open_instance(street(folder, ["ELM"])) as instance:
        instance.daemon_cursor_storage.set_cursor_values({"a": "1"})
    storage = folder / "data/dagster/storage"
    shutil.copyfile(storage / MAIN[1], storage / RUN)
    for name in (*MAIN, RUN):  # nothing of it may wait in a log
        with closing(sqlite3.connect(storage / name)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


@pytest.fixture
def settings(_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A data root with a history of Dagster."""
    shutil.copytree(_once, tmp_path / "own")
    settings = street(tmp_path / "own", ["ELM"])
    monkeypatch.setenv("REGIME_DATA_ROOT", str(settings.data_root))
    monkeypatch.setenv("REGIME_FILES_ROOT", str(settings.files_root))
    monkeypatch.setenv("COLUMNS", "400")
    return settings


@pytest.mark.parametrize(
    ("name", "how"),
    [(MAIN[0], "junk"), (MAIN[0], "cut"), (MAIN[1], "page"), (MAIN[1], "head"), (MAIN[2], "page")],
)
def test_every_command_names_the_damaged_file_and_the_remedy_works(
    settings: Settings, capsys: pytest.CaptureFixture[str], name: str, how: str
) -> None:
    path = settings.data_root / "dagster/storage" / name
    _damage(path, how)

    for command in (("status", "--json"), ("service", "daemon"), ("service", "webserver"), ("ui",)):
        code, text = _run(capsys, *command)
        assert code == 1
        assert f"Dagster's history is damaged: {path} (" in text
        assert "`regime service reset-history` sets it aside" in text
    rows = json.loads(_run(capsys, "doctor", "--json")[1])["checks"]
    assert [row["status"] for row in rows if row["name"] == "Dagster's history"] == ["error"]
    before = path.read_bytes()

    code, text = _run(capsys, "service", "reset-history", "--now", "2026-11-29T10:00:00Z")

    assert code == 0
    aside = settings.data_root / "dagster/set_aside/20261129T100000000000Z"
    assert str(aside) in text
    assert (aside / name).read_bytes() == before
    assert "history is damaged" not in _run(capsys, "status")[1]
    with open_instance(settings) as instance:
        assert instance.get_runs_count() == 0


def test_of_damaged_events_of_a_single_run_nothing_else_is_set_aside(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = settings.data_root / "dagster/storage"
    _damage(storage / RUN, "junk")

    assert RUN in _run(capsys, "doctor")[1]
    code, text = _run(capsys, "service", "reset-history")

    assert code == 0
    assert text.count("was moved to") == 1
    assert not (storage / RUN).exists()
    assert all((storage / name).exists() for name in MAIN)
    assert set_history_aside(storage, "later") == {}


def test_any_damage_while_the_history_is_read_is_named(settings: Settings) -> None:
    path = settings.data_root / "dagster/storage" / MAIN[0]

    def read_while_it_is_damaged() -> None:
        with open_instance(settings) as instance:
            _damage(path, "junk")
            instance.get_run_records()

    with raises(HistoryError, "history-damaged", match=r"runs\.db"):
        read_while_it_is_damaged()


def test_other_errors_pass_by(settings: Settings) -> None:
    with pytest.raises(ZeroDivisionError), open_instance(settings):
        raise ZeroDivisionError


def _damage(path: Path, how: str) -> None:
    chance, data = random.Random(how), bytearray(path.read_bytes())
    if how == "cut":
        del data[len(data) // 2 :]
    elif how == "head":
        data[:100] = chance.randbytes(100)
    elif how == "page":
        data[4096:8192] = chance.randbytes(4096)
    else:
        data[:] = chance.randbytes(len(data))
    path.write_bytes(bytes(data))


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    captured = capsys.readouterr()
    return ended.value.code, captured.out + captured.err
