"""DAGSTER_HOME for a data root, and its instance.

Other data roots than the default one get a copy of the project's dagster.yaml with their folder.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from regime_platform.files import write_text
from regime_platform.model.yaml_text import load_yaml
from regime_platform.orchestration.instance.history import history_folder, naming_damage
from regime_platform.settings import PROJECT_ROOT, Settings

_CONFIG = "dagster.yaml"
_DEFAULT_ROOT = PROJECT_ROOT / "data"


def prepare_home(settings: Settings) -> Path:
    """The folder for DAGSTER_HOME: the project's, or one in the data root with a dagster.yaml."""
    folder = settings.dagster_folder
    folder.mkdir(parents=True, exist_ok=True)
    if folder.parent.resolve() == _DEFAULT_ROOT.resolve():
        return PROJECT_ROOT
    text = _render(folder)
    config = folder / _CONFIG
    if not config.exists() or config.read_text(encoding="utf-8") != text:
        write_text(config, text)
    return folder


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The persistent instance of the data root.

    Raises:
        HistoryError: its databases are damaged; some damage shows only while they are read.
    """
    home = str(prepare_home(settings))
    with naming_damage(history_folder(settings)), dg.DagsterInstance.from_config(home) as instance:
        yield instance


def _render(folder: Path) -> str:
    text = (PROJECT_ROOT / _CONFIG).read_text(encoding="utf-8")
    document: dict[str, Any] = load_yaml(text)
    for part in (document["storage"]["custom"], document["compute_logs"]):
        part["config"] = {"folder": str(folder)}
    document["local_artifact_storage"]["config"] = {"folder": str(folder)}
    note = f"# Rendered from {_CONFIG} of the project for this data root; edits are overwritten.\n"
    return note + yaml.safe_dump(document, sort_keys=False)
