"""mapping.yaml: how the files of somebody else's making are to be read as bars.

It lies in the folder of a symbol, or in the folder above for all that have none of their own::

    columns: {ts: [Date, Time], open: Open, high: High, low: Low, close: Last, volume: Vol}
    zone: America/New_York
    time_format: "%m/%d/%Y %H:%M"

``columns`` says which of theirs is ours; columns it does not name are left out. A ts of several
columns is put together with spaces. Without it the names must be ours, and nothing is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from regime_platform.errors import BarsError, ConfigError
from regime_platform.model.bar_schema import BAR_COLUMNS, PRICE_COLUMNS
from regime_platform.model.yaml_text import load_yaml
from regime_platform.regular_files import read_text

MAPPING_FILE = "mapping.yaml"
_KEYS = ("columns", "zone", "time_format")


@dataclass(frozen=True)
class FileMapping:
    """What the columns and times of a file mean."""

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # ours -> theirs
    zone: str = "UTC"  # of times that name no offset
    time_format: str | None = None  # of strftime; None: ISO 8601
    origin: str = ""  # the file that says so

    def refuse_header(self, found: Sequence[str], path: Path) -> None:
        """Checks that every bar column is there, once, and nothing that is not understood.

        Raises:
            BarsError: naming file, columns and remedy.
        """
        repeated = [name for name in dict.fromkeys(found) if found.count(name) > 1]
        if not self.columns:
            missing = [name for name in ("ts", *PRICE_COLUMNS) if name not in found]
            unknown = [name for name in found if name not in BAR_COLUMNS]
            remedy = f"expected {', '.join(BAR_COLUMNS)}, of which volume may be absent"
        else:
            theirs = [name for names in self.columns.values() for name in names]
            missing, unknown = [name for name in theirs if name not in found], []
            remedy = f"{self.origin} names it; correct it there or in the file"
        for names, word in ((missing, "missing"), (unknown, "unknown"), (repeated, "repeated")):
            if names:
                raise BarsError(
                    f"{path}: column {', '.join(names)} {word}; {remedy}", code="bar-columns"
                )

    def named(self, table: pl.DataFrame, keep: str) -> pl.DataFrame:
        """The table with our names, without what is not mapped; ``keep`` stays as it is."""
        if not self.columns:
            return table
        return table.select(
            keep,
            *(
                pl.col(theirs[0]).alias(ours)
                if len(theirs) == 1
                else pl.concat_str(pl.col(theirs).cast(pl.String), separator=" ").alias(ours)
                for ours, theirs in self.columns.items()
            ),
        )


AS_NAMED = FileMapping()


def read_mapping(folder: Path) -> FileMapping:
    """The mapping for the files in ``folder``: its own, else that of the folder above, else none.

    Raises:
        ConfigError: the file says what cannot be understood; names file, key and remedy.
    """
    for place in (folder / MAPPING_FILE, folder.parent / MAPPING_FILE):
        if place.exists():
            return _parsed(place)
    return AS_NAMED


def _parsed(path: Path) -> FileMapping:
    try:
        said = load_yaml(read_text(path))
    except ValueError as error:  # of the encoding, or of the YAML
        raise ConfigError(
            f"{path} is not YAML in UTF-8: {error}; mend the line named", code="mapping-yaml"
        ) from error
    if not isinstance(said, Mapping):
        raise ConfigError(
            f"{path}: expected a mapping with {', '.join(_KEYS)}", code="mapping-form"
        )
    unknown = [str(key) for key in said if key not in _KEYS]
    if unknown:
        raise ConfigError(
            f"{path}: unknown key {', '.join(unknown)}; expected {', '.join(_KEYS)}",
            code="mapping-key",
        )
    columns = _columns(said.get("columns") or {}, path)
    time_format = said.get("time_format")
    if time_format is not None and not (isinstance(time_format, str) and "%" in time_format):
        raise ConfigError(
            f'{path}: time_format is {time_format!r}; write it in quotes as "%d.%m.%Y %H:%M"',
            code="mapping-time-format",
        )
    return FileMapping(columns, _zone(said.get("zone", "UTC"), path), time_format, str(path))


def _columns(said: Any, path: Path) -> dict[str, tuple[str, ...]]:
    if not isinstance(said, Mapping):
        raise ConfigError(
            f"{path}: columns is {said!r}; expected ours: theirs, as close: Last",
            code="mapping-columns",
        )
    unknown = [str(name) for name in said if name not in BAR_COLUMNS]
    missing = [name for name in ("ts", *PRICE_COLUMNS) if said and name not in said]
    for faults, word in ((unknown, "unknown"), (missing, "missing")):
        if faults:
            raise ConfigError(
                f"{path}: columns: {', '.join(faults)} {word}; name {', '.join(BAR_COLUMNS)}, "
                "of which volume may be absent",
                code="mapping-columns",
            )
    theirs = {
        ours: tuple(name) if isinstance(name, list) else (name,) for ours, name in said.items()
    }
    for ours, names in theirs.items():
        if not names or not all(isinstance(name, str) for name in names):
            raise ConfigError(
                f"{path}: columns: {ours} is {said[ours]!r}; give a name in quotes",
                code="mapping-columns",
            )
        if len(names) > 1 and ours != "ts":
            raise ConfigError(
                f"{path}: columns: {ours} has several names; only ts may", code="mapping-columns"
            )
    return theirs


def _zone(said: Any, path: Path) -> str:
    try:
        return ZoneInfo(said).key
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path}: zone {said!r} is unknown; give an IANA name such as America/New_York",
            code="mapping-zone",
        ) from error
