"""What alerts have reported of series, in Dagster's folder of the data root.

Records and not cursors, which are lost with Dagster's history: nothing is sent again.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import Field, Strict, ValidationError

from regime_platform.files import damaged, read_json, write_json
from regime_platform.model.document import Array, Document, Instant, first_fault, is_absent
from regime_platform.orchestration.alerts.confirmation import ReportedSeries, Series
from regime_platform.settings import Settings

Record = TypeVar("Record", bound=Document)
_REGIMES = "reported_regimes.json"
_REGIMES_BEFORE = "told_regimes.json"  # of release 0.2.0: name -> label and bucket
_DIGEST = "weekly_digest.json"
_STALE = "stale_series.json"


class ReportedRegimes(Document):
    """The regimes and buckets that count, and what is wrong with alerts.yaml."""

    #: "SYMBOL timeframe" -> what counts.
    series: dict[str, ReportedSeries] = Field(default_factory=dict)
    problem: str | None = Field(default=None, exclude_if=is_absent)  # of alerts.yaml

    @property
    def by_series(self) -> dict[Series, ReportedSeries]:
        """The same by symbol and timeframe."""
        return {_series(name): each for name, each in self.series.items()}

    @classmethod
    def of(cls, series: Mapping[Series, ReportedSeries], problem: str = "") -> Self:
        """The record of series."""
        named = {" ".join(key): each for key, each in series.items()}
        return cls(series=named, problem=problem or None)


class WeeklyDigest(Document):
    """The last digest: when it was sent, and what counted then."""

    at: Instant
    #: "SYMBOL timeframe" -> regime and bucket.
    series: dict[str, Annotated[tuple[str, str], Strict(strict=False)]] = Field(
        default_factory=dict
    )

    @property
    def by_series(self) -> dict[Series, tuple[str, str]]:
        """Regime and bucket by symbol and timeframe."""
        return {_series(name): each for name, each in self.series.items()}


class StaleNames(Document):
    """The series that lacked bars at the last look."""

    series: Array[str] = ()  # "SYMBOL timeframe"


def read_reported(settings: Settings) -> ReportedRegimes | None:
    """The regimes that were reported last; None before the first look.

    Raises:
        RegimeError: the record is damaged.
    """
    stored = read_record(settings.dagster_folder / _REGIMES, ReportedRegimes)
    if stored is not None:
        return stored
    path = settings.dagster_folder / _REGIMES_BEFORE
    older = read_json(path)
    if older is None:
        return None
    try:
        rows = {
            name: {"regime": label, "bucket": bucket} for name, (label, bucket) in older.items()
        }
    except (TypeError, ValueError) as error:
        raise damaged(path, str(error)) from error
    return _parsed(path, ReportedRegimes, {"series": rows})


def write_reported(settings: Settings, reported: ReportedRegimes) -> None:
    """Replaces the regimes that were reported last."""
    write_record(settings.dagster_folder / _REGIMES, reported)


def read_digest(settings: Settings) -> WeeklyDigest | None:
    """The last digest; None before the first. RegimeError where the record is damaged."""
    return read_record(settings.dagster_folder / _DIGEST, WeeklyDigest)


def write_digest(settings: Settings, digest: WeeklyDigest) -> None:
    """Replaces the last digest."""
    write_record(settings.dagster_folder / _DIGEST, digest)


def read_stale(settings: Settings) -> frozenset[str] | None:
    """The series that lacked bars at the last look, as "SYMBOL timeframe"; None before the first.

    Raises:
        RegimeError: the record is damaged.
    """
    stored = read_record(settings.dagster_folder / _STALE, StaleNames)
    return None if stored is None else frozenset(stored.series)


def write_stale(settings: Settings, names: Iterable[str]) -> None:
    """Replaces the series that lacked bars at the last look; writes only what changed."""
    wanted = StaleNames(series=tuple(sorted(names)))
    path = settings.dagster_folder / _STALE
    if read_record(path, StaleNames) != wanted:
        write_record(path, wanted)


def read_record(path: Path, kind: type[Record]) -> Record | None:
    """A record of alerts; None where there is none. RegimeError where it is damaged."""
    stored = read_json(path)
    return None if stored is None else _parsed(path, kind, stored)


def write_record(path: Path, record: Document) -> None:
    """Replaces a record of alerts."""
    write_json(path, record.model_dump(mode="json"))


def _parsed(path: Path, kind: type[Record], stored: Any) -> Record:
    try:
        return kind.model_validate(stored)
    except ValidationError as error:
        raise damaged(path, first_fault(error)) from error


def _series(name: str) -> Series:
    symbol, _, timeframe = name.rpartition(" ")
    return symbol, timeframe
