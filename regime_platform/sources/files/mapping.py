"""mapping.yaml: how bar files with other column names, zones or time formats are read.

It is in the folder of a symbol, or in the folder above for all symbols without one::

    columns: {ts: [Date, Time], open: Open, high: High, low: Low, close: Last, volume: Vol}
    zone: America/New_York
    time_format: "%m/%d/%Y %H:%M"
    label: {1h: close, 1week: open}

``columns`` maps the bar columns to those of the file; other columns are ignored. A ts of several
columns is joined with spaces. Without ``columns`` the file must have exactly the bar columns.
``label`` states whether bars are labelled by their open or by their close, of all timeframes or of
some; where it is absent the calendar decides, and where that cannot a file is refused. With
``rolling: true`` the start of the files moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from regime_platform.errors import BarsError, ConfigError
from regime_platform.model.bar_schema import BAR_COLUMNS, PRICE_COLUMNS
from regime_platform.model.calendar.labels import CLOSE, OPEN
from regime_platform.model.digests import document_digest
from regime_platform.model.timeframes import TIMEFRAMES, known_timeframe
from regime_platform.model.yaml_text import load_yaml
from regime_platform.regular_files import read_text

MAPPING_FILE = "mapping.yaml"
_KEYS = ("columns", "zone", "time_format", "label", "rolling")


@dataclass(frozen=True)
class FileMapping:
    """The meaning of the columns and times of a file."""

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # bar -> file columns
    zone: str = ""  # of times that name no offset; empty: not stated
    time_format: str | None = None  # of strftime; None: ISO 8601
    origin: str = ""  # path of the mapping file
    labels: Mapping[str, str] = field(default_factory=dict)  # timeframe -> open or close
    is_rolling: bool = False  # the start of the files moves, so older bars are not lost

    def reading(self, label: str) -> str:
        """The digest of what the mapping means, for bars with this label; equal for equal meanings.

        UTC and the open are meant where nothing is stated.
        """
        meant = {
            "columns": self.columns,
            "zone": self.zone.removeprefix("UTC"),
            "time_format": self.time_format,
            "label": label.removeprefix(OPEN),
        }
        return document_digest({name: value for name, value in meant.items() if value})

    def refuse_header(self, header: Sequence[str], path: Path) -> None:
        """Raises ``BarsError`` for a header with missing, unknown or repeated columns."""
        repeated = [name for name in dict.fromkeys(header) if header.count(name) > 1]
        if not self.columns:
            missing = [name for name in ("ts", *PRICE_COLUMNS) if name not in header]
            unknown = [name for name in header if name not in BAR_COLUMNS]
            remedy = f"expected {', '.join(BAR_COLUMNS)}, of which volume may be absent"
        else:
            mapped = [name for names in self.columns.values() for name in names]
            missing, unknown = [name for name in mapped if name not in header], []
            remedy = f"{self.origin} names it; correct it there or in the file"
        for names, fault in ((missing, "missing"), (unknown, "unknown"), (repeated, "repeated")):
            if names:
                message = f"{path}: column {', '.join(names)} {fault}; {remedy}"
                raise BarsError(message, code="bar-columns")

    def named(self, table: pl.DataFrame, keep: str) -> pl.DataFrame:
        """The table with the bar columns and ``keep``, unchanged."""
        if not self.columns:
            return table
        return table.select(
            keep,
            *(
                pl.col(names[0]).alias(column)
                if len(names) == 1
                else pl.concat_str(pl.col(names).cast(pl.String), separator=" ").alias(column)
                for column, names in self.columns.items()
            ),
        )


AS_NAMED = FileMapping()


def read_mapping(folder: Path) -> FileMapping:
    """The mapping for the files in ``folder``: its own, else that of the folder above, else none.

    ``ConfigError`` names file, key and remedy of an invalid one.
    """
    for place in (folder / MAPPING_FILE, folder.parent / MAPPING_FILE):
        if place.exists():
            return _parsed(place)
    return AS_NAMED


def _parsed(path: Path) -> FileMapping:
    try:
        document = load_yaml(read_text(path))
    except ValueError as error:  # of the encoding, or of the YAML
        message = f"{path} is not YAML in UTF-8: {error}; correct that line"
        raise ConfigError(message, code="mapping-yaml") from error
    if not isinstance(document, Mapping):
        message = f"{path}: expected a mapping with {', '.join(_KEYS)}"
        raise ConfigError(message, code="mapping-form")
    unknown = [str(key) for key in document if key not in _KEYS]
    if unknown:
        message = f"{path}: unknown key {', '.join(unknown)}; expected {', '.join(_KEYS)}"
        raise ConfigError(message, code="mapping-key")
    time_format = document.get("time_format")
    if time_format is not None and not (isinstance(time_format, str) and "%" in time_format):
        message = f'{path}: time_format is {time_format!r}; write it in quotes as "%d.%m.%Y %H:%M"'
        raise ConfigError(message, code="mapping-time-format")
    given = document.get("columns") or {}
    problem = _problem_of(given)
    if problem is not None:
        raise ConfigError(f"{path}: {problem}", code="mapping-columns")
    columns = {
        column: tuple(name) if isinstance(name, list) else (name,) for column, name in given.items()
    }
    rolling = document.get("rolling", False)
    if not isinstance(rolling, bool):
        message = f"{path}: rolling is {rolling!r}; expected true or false"
        raise ConfigError(message, code="mapping-rolling")
    zone = _zone(document["zone"], path) if "zone" in document else ""
    labels = _labels(document.get("label", {}), path)
    return FileMapping(columns, zone, time_format, str(path), labels, rolling)


def _problem_of(columns: Any) -> str | None:
    """What is wrong with the value of ``columns``, and the remedy."""
    if not isinstance(columns, Mapping):
        return f"columns is {columns!r}; expected pairs such as close: Last"
    unknown = [str(name) for name in columns if name not in BAR_COLUMNS]
    missing = [name for name in ("ts", *PRICE_COLUMNS) if columns and name not in columns]
    for wrong, fault in ((unknown, "unknown"), (missing, "missing")):
        if wrong:
            expected = f"name {', '.join(BAR_COLUMNS)}, of which volume may be absent"
            return f"columns: {', '.join(wrong)} {fault}; {expected}"
    for column, name in columns.items():
        names = name if isinstance(name, list) else [name]
        if not names or not all(isinstance(each, str) for each in names):
            return f"columns: {column} is {name!r}; give a name in quotes"
        if len(names) > 1 and column != "ts":
            return f"columns: {column} has several names; only ts may"
    return None


def _zone(zone: Any, path: Path) -> str:
    try:
        return ZoneInfo(zone).key
    except (KeyError, OSError, TypeError, ValueError) as error:
        message = f"{path}: zone {zone!r} is unknown; give an IANA name such as America/New_York"
        raise ConfigError(message, code="mapping-zone") from error


def _labels(label: Any, path: Path) -> dict[str, str]:
    given = label if isinstance(label, Mapping) else dict.fromkeys(TIMEFRAMES, label)
    labels = {known_timeframe(str(name)) or "": word for name, word in given.items()}
    if "" in labels or not all(word in (OPEN, CLOSE) for word in labels.values()):
        message = (
            f"{path}: label is {label!r}; write open or close, or one of them for each timeframe "
            "as in {1h: close}"
        )
        raise ConfigError(message, code="mapping-label")
    return labels
