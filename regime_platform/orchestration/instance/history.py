"""Dagster's databases on disk: which are damaged, and how they are set aside for new ones.

Bars and results do not depend on them; `reconcile_daily` does what sensors miss without their
cursors. Dagster is not imported, so that the check does not cost the time of its import.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from regime_platform.errors import RegimeError
from regime_platform.files import move
from regime_platform.settings import Settings

_STORAGE, _SET_ASIDE = "storage", "set_aside"
#: The cursors in schedules.db are ids of events in index.db, so these are set aside together.
_MAIN = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
_COMPANIONS = ("", "-wal", "-shm", "-journal")
_REMEDY = (
    "Bars and results are not in there. Stop daemon and webserver, then "
    "`regime service reset-history{option}` sets it aside and a new history begins"
)


class HistoryError(RegimeError, code="history-damaged"):
    """Dagster's history is damaged."""


def history_folder(settings: Settings) -> Path:
    """Where Dagster keeps its databases."""
    return settings.dagster_folder / _STORAGE


def damaged_databases(folder: Path, *, with_runs: bool = False) -> dict[Path, str]:
    """The damaged databases below ``folder``, and their faults; of single runs if ``with_runs``."""
    paths = [folder / name for name in _MAIN]
    if with_runs:
        paths += sorted(set((folder / "history/runs").glob("*.db")) - set(paths))
    problems = {path: _problem(path) for path in paths}
    return {path: problem for path, problem in problems.items() if problem}


def require_sound_history(settings: Settings) -> None:
    """Refuses damaged databases before Dagster is started.

    Raises:
        HistoryError: a database is damaged; names file and remedy.
    """
    damaged = damaged_databases(history_folder(settings))
    if damaged:
        raise HistoryError(_message(damaged))


@contextmanager
def naming_damage(folder: Path) -> Iterator[None]:
    """Turns an error of Dagster on damaged databases into one that names file and remedy.

    Raises:
        HistoryError: an error was raised, and a database is damaged.
    """
    try:
        yield
    except RegimeError:
        raise
    except Exception as error:
        damaged = damaged_databases(folder, with_runs=True)
        if damaged:
            raise HistoryError(_message(damaged)) from error
        if _is_of_storage(error):
            first_line = str(error).partition("\n")[0]
            raise HistoryError(
                f"Dagster's history in {folder} cannot be read ({type(error).__name__}: "
                f"{first_line}). {_REMEDY.format(option=' --all')}",
                code="history-unreadable",
            ) from error
        raise


def set_history_aside(folder: Path, stamp: str, *, everything: bool = False) -> dict[Path, Path]:
    """Moves damaged databases to a folder ``stamp``; Dagster, which must be down, makes new ones.

    Of the databases of single runs only the damaged ones are moved. Where another is damaged, or
    with ``everything``, the whole folder is. Returns the old and new paths.
    """
    damaged = damaged_databases(folder, with_runs=True)
    target = folder.parent / _SET_ASIDE / stamp
    if not folder.exists() or not (damaged or everything):
        return {}
    target.parent.mkdir(parents=True, exist_ok=True)
    if everything or any(folder / name in damaged for name in _MAIN):
        move(folder, target)
        return {folder: target}
    target.mkdir()
    for path in damaged:
        for suffix in _COMPANIONS:
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                move(beside, target / beside.name)
    return {path: target / path.name for path in damaged}


def _problem(path: Path) -> str:
    """The fault of a database; empty where it is sound, or locked by another process."""
    if not path.exists():
        return ""
    if not path.is_file():
        return "it is not a file"
    try:
        with closing(sqlite3.connect(path)) as database:
            database.text_factory = partial(str, encoding="utf-8", errors="replace")
            rows = database.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.OperationalError as error:  # also of a database that is locked
        return str(error) if "malformed" in str(error) else ""
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if rows == [("ok",)] else " ".join(" ".join(row[0].split()) for row in rows)


def _message(damaged: Mapping[Path, str]) -> str:
    each = "; ".join(f"{path} ({problem})" for path, problem in damaged.items())
    return f"Dagster's history is damaged: {each}. {_REMEDY.format(option='')}"


def _is_of_storage(error: BaseException) -> bool:
    modules = {type(part).__module__.partition(".")[0] for part in _causes(error)}
    return bool(modules & {"sqlite3", "sqlalchemy", "alembic"})


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
