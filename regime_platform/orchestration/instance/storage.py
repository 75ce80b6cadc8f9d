"""Dagster's storage classes, which keep its state in ``{data root}/dagster``.

dagster.yaml names these three classes. The stock ones take a folder relative to the working
directory of the process, so that ``dagster dev`` in another folder, or with another
``REGIME_DATA_ROOT``, would show the statuses of one data root over the bars of another. These take
the folder from the settings; ``folder`` in their config overrides it (see ``home``).

The daemon and the webserver import this module before any definition, so it imports little.
"""

from pathlib import Path
from typing import Any, Self

from dagster import Field, StringSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from filelock import FileLock

from regime_platform.orchestration.instance.event_log import EventLog
from regime_platform.orchestration.instance.history import naming_damage
from regime_platform.orchestration.instance.schedule_storage import ScheduleStorage
from regime_platform.redaction import clean_logs
from regime_platform.settings import Settings

_LOCK = ".opening.lock"
_SCHEMA: UserConfigSchema = {"folder": Field(StringSource, is_required=False)}


def state_folder(settings: Settings) -> Path:
    """Dagster's state for the data root in force."""
    return settings.root_folder / "dagster"


class RunHistory(DagsterSqliteStorage):
    """Runs, events, schedules and sensor cursors, in SQLite."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        # A service starts webserver and daemon together: without the lock both would create the
        # tables of a new data root, and one of them would fail.
        clean_logs()  # the daemon runs no other code of this package
        with naming_damage(Path(base_dir)), FileLock(Path(base_dir) / _LOCK):
            super().__init__(base_dir, inst_data=inst_data)
            self._event_log_storage = EventLog(self._event_log_storage._base_dir)
            self._schedule_storage = ScheduleStorage(self._schedule_storage._conn_string)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """An optional folder."""
        return _SCHEMA

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Opens the storage of the data root in force."""
        return cls.from_local(_folder(config_value, "storage"), inst_data)


class Artifacts(LocalArtifactStorage):
    """The folder of artifacts that Dagster requires; empty, since there are no IO managers."""

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """An optional folder."""
        return _SCHEMA

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """The artifact folder of the data root in force."""
        return cls(_folder(config_value, "artifacts"), inst_data)


class StepLogs(LocalComputeLogManager):
    """stdout and stderr of every step."""

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """An optional folder."""
        return _SCHEMA

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """The log folder of the data root in force."""
        return cls(_folder(config_value, "logs"), inst_data=inst_data)


def _folder(config: Any, name: str) -> str:
    chosen = config.get("folder")
    return str((Path(chosen) if chosen else state_folder(Settings())) / name)
