"""The rows of `regime status` as metrics of Prometheus.

They are read from what every process left in the data root and in Dagster's storage, so one
exporter shows runs, workers and commands alike, and none of these needs a port of its own.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from regime_platform.orchestration.status.check import Check

_STATES = ("ok", "note", "error")


class _Figure(NamedTuple):
    """A number among the facts of a row; of several rows where ``check`` is empty."""

    check: str
    fact: str
    metric: str
    label: tuple[str, str] | None = None  # name, and value


_HELP: Mapping[str, str] = {
    "regime_check": "State of a row of `regime status`: 0 ok, 1 note, 2 error",
    "regime_check_items": "How many symbols, series or runs a row of `regime status` counts",
    "regime_daemon_heartbeat_age_seconds": "Time since the daemon's last sign of life",
    "regime_runs": "Runs of Dagster that have not ended",
    "regime_waiting_symbols": "Symbols that commands changed and Dagster does not show yet",
    "regime_waiting_oldest_timestamp_seconds": "When the first of these changes was made",
    "regime_pass_duration_seconds": "Duration of the last finished run of a job",
    "regime_pass_ended_timestamp_seconds": "When the last finished run of a job ended",
    "regime_board_symbols": "Symbols with results",
    "regime_credits_used": "Credits of the vendor's key that were used today (UTC)",
    "regime_credits_limit": "Credits that may be used",
    "regime_stored_bytes": "Bytes in the data root",
    "regime_free_bytes": "Free bytes of the disk of the data root",
    "regime_stored_bars": "Bars in force",
}
_FIGURES = (
    _Figure("daemon", "heartbeat_seconds", "regime_daemon_heartbeat_age_seconds"),
    _Figure("runs", "active", "regime_runs", ("state", "active")),
    _Figure("runs", "queued", "regime_runs", ("state", "queued")),
    _Figure("waiting", "symbols", "regime_waiting_symbols"),
    _Figure("waiting", "oldest", "regime_waiting_oldest_timestamp_seconds"),
    _Figure("", "seconds", "regime_pass_duration_seconds"),
    _Figure("", "ended", "regime_pass_ended_timestamp_seconds"),
    _Figure("board", "symbols", "regime_board_symbols"),
    _Figure("credits", "used_today", "regime_credits_used"),
    _Figure("credits", "a_day", "regime_credits_limit", ("of", "day")),
    _Figure("credits", "a_minute", "regime_credits_limit", ("of", "minute")),
    _Figure("disk", "symbols_bytes", "regime_stored_bytes", ("part", "symbols")),
    _Figure("disk", "dagster_bytes", "regime_stored_bytes", ("part", "dagster")),
    _Figure("disk", "sql_bytes", "regime_stored_bytes", ("part", "sql")),
    _Figure("disk", "report_bytes", "regime_stored_bytes", ("part", "report")),
    _Figure("disk", "free_bytes", "regime_free_bytes"),
    _Figure("disk", "bars", "regime_stored_bars"),
)


class StatusCollector(Collector):
    """Reads the rows for every answer; a figure that is not known is left out."""

    def __init__(self, read: Callable[[], Sequence[Check]]) -> None:
        self._read = read

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The names, without reading anything."""
        return [GaugeMetricFamily(name, text) for name, text in _HELP.items()]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every metric that has a value."""
        checks = self._read()
        rows = {check.key: check for check in sorted(checks, key=_weight)}  # the worst of a name
        yield _family("regime_check", "check", {key: _weight(row) for key, row in rows.items()})
        counts = {key: float(len(row.items)) for key, row in rows.items()}
        yield _family("regime_check_items", "check", counts)
        for metric in dict.fromkeys(figure.metric for figure in _FIGURES):
            if values := dict(_values(metric, checks)):
                (label, *_) = {name for name, _ in values}
                yield _family(metric, label, {key: value for (_, key), value in values.items()})


def _values(metric: str, checks: Sequence[Check]) -> Iterator[tuple[tuple[str, str], float]]:
    """Name and value of the label -> number; both are empty where there is no label."""
    for figure in _FIGURES:
        if figure.metric != metric:
            continue
        for check in checks:
            value = _number(check.facts.get(figure.fact))
            if value is not None and figure.check in ("", check.key):
                yield figure.label or (("", "") if figure.check else ("job", check.name)), value


def _family(name: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, _HELP[name], labels=[label] if label else [])
    for key, value in values.items():
        family.add_metric([key] if label else [], value)
    return family


def _number(fact: object) -> float | None:
    if isinstance(fact, dt.datetime):
        return fact.timestamp()
    return float(fact) if isinstance(fact, int | float) else None


def _weight(check: Check) -> float:
    return float(_STATES.index(check.status))
