"""The opens of the bars of a file, from its times as they are written.

Every step that the file itself decides is a fact; where it does not, the key that decides is asked
for, and nothing is chosen.
"""

import datetime as dt
import re
from dataclasses import dataclass, replace

import polars as pl

from regime_platform.errors import BarsError
from regime_platform.model.calendar.labels import CLOSE, OPEN, Opens, intraday_opens
from regime_platform.model.exchanges import NEW_YORK
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import is_intraday
from regime_platform.sources.files.facts import STATED, Fact, require_certain
from regime_platform.sources.files.label_evidence import label_of_sessions
from regime_platform.sources.files.mapping import MAPPING_FILE, FileMapping
from regime_platform.sources.files.spacing import Spacing, require_spacing, spacing
from regime_platform.sources.files.table import FileTable
from regime_platform.sources.files.time_formats import EXPECTED, Spelling, spelling
from regime_platform.sources.files.times import (
    bounded,
    date_labels,
    has_date_only,
    instants,
    names_offset,
)
from regime_platform.sources.files.zones import (
    candidates,
    sampled,
    unclear_zone,
    zone_of_sessions,
)

_UTC = Fact("zone", "UTC", "times without an offset, in columns that are named or stated as ours")
#: What names of columns, without marks and digits, say of the labels.
_NAMED = {
    **dict.fromkeys(("opentime", "starttime", "periodstart", "timeperiodstart", "start"), OPEN),
    **dict.fromkeys(("closetime", "endtime", "periodend", "timeperiodend", "end"), CLOSE),
}
#: Names of columns that state the zone of their times, as ``Gmt time`` or ``time_utc``.
_NAMED_UTC = re.compile(r"(?i)(?<![a-z])(utc|gmt)(?![a-z])")
_BY_OFFSET = Fact("zone", "", "the times name their offset")


@dataclass(frozen=True)
class FileOpens:
    """What the times of a file stand for."""

    opens: Opens
    facts: tuple[Fact, ...]  # on time_format or epoch, zone, label


def file_opens(table: FileTable, timeframe: str, market: Market, mapping: FileMapping) -> FileOpens:
    """The opens of the rows, all of them known.

    Raises:
        BarsError: names file, place and remedy; of code ambiguous-file-reading, unclear-labels,
            other-spacing, clashing-labels, bad-value or column-type.
        ConfigError: the time_format of the mapping cannot be used.
    """
    spelled = _spelled(table, mapping)
    stated, named = mapping.labels.get(timeframe, ""), _named_label(table, timeframe, mapping)
    label = stated or named
    if is_intraday(timeframe):
        remedy = "a date alone labels no intraday bar; give the UTC time at which it opens"
        _refuse(table, has_date_only(spelled.values), remedy)
        zone = _zone(table, spelled, timeframe, market, mapping)
        times = _instants(table, spelled, zone.value, accept_dates=False)
        opens = intraday_opens(times, timeframe, market, label)
        if zone.evidence not in (STATED, _UTC.evidence, _BY_OFFSET.evidence):
            opens = replace(opens, meaning=" ".join(filter(None, (zone.value, opens.meaning))))
    else:
        zone = Fact("zone", mapping.zone, STATED)
        _require_zone_of_dates(table, spelled, market, mapping)
        own = mapping.zone or mapping.date_zone
        zones = [own] if own else ["UTC", market.zone]
        times = _instants(table, spelled, zones[0], accept_dates=not mapping.date_zone)
        labels = date_labels(spelled.values, zones, mapping.date_zone)
        opens = labels.opens(timeframe, market, label, mapping.week_label)
    require_spacing(times, timeframe, table.path)
    if opens.unclear:
        raise BarsError(
            f"{table.path}: its labels can mean several dates; state {opens.unclear} in "
            f"{mapping.origin or table.path.parent / MAPPING_FILE}",
            code="unclear-labels",
        )
    _refuse_clashes(table, opens.ts)
    if named == CLOSE and not opens.meaning.endswith(CLOSE):
        opens = replace(opens, meaning=f"{opens.meaning} {CLOSE}".strip())
    shown = _label(stated, opens, timeframe, table, mapping)
    if not shown.value and opens.ts.len() > 0:
        shown = label_of_sessions(times, timeframe, market)
        require_certain(table.path, shown)
    return FileOpens(opens, (spelled.fact, *((zone,) if zone.value else ()), shown))


def file_instants(table: FileTable, mapping: FileMapping) -> pl.Series:
    """The times of the rows as instants, a date as its midnight, whatever they label.

    Raises as ``file_opens``.
    """
    spelled = _spelled(table, mapping)
    has_time = ~(has_date_only(spelled.values) | names_offset(spelled.values))
    zone = _usual_zone(table, spelled, mapping)
    if zone is None and has_time.any():
        require_certain(table.path, unclear_zone("no offset in the times"))
    return _instants(table, spelled, zone.value if zone else "UTC", accept_dates=True)


def shown_spacing(table: FileTable, mapping: FileMapping) -> Spacing | None:
    """The usual step between the rows, which shows their timeframe; None where too few show one.

    Raises as ``file_opens`` where the times cannot be read.
    """
    times = instants(_spelled(table, mapping).values, "UTC", accept_dates=True)
    assert times is not None
    return spacing(times)


def _spelled(table: FileTable, mapping: FileMapping) -> Spelling:
    column = table.times
    if column.is_empty():
        return Spelling(column.cast(pl.Date), Fact("time_format", "", "no rows"), is_own=True)
    spelled = spelling(column, mapping.time_format, mapping.epoch, mapping.origin)
    known = instants(spelled.values, "UTC", accept_dates=True)
    if known is None or (column.dtype.is_numeric() and known.null_count() == known.len()):
        message = (
            f"{table.path}: column ts has the type {column.dtype}; expected timestamps, dates,"
        )
        message += " text, or numbers with their unit as `epoch` in mapping.yaml"
        raise BarsError(message, code="column-type")
    _refuse(table, known.is_null(), f"expected {mapping.time_format or EXPECTED}")
    require_certain(table.path, spelled.fact)
    return spelled


def _usual_zone(table: FileTable, spelled: Spelling, mapping: FileMapping) -> Fact | None:
    """The zone as it is stated or not asked for."""
    if mapping.zone:
        return Fact("zone", mapping.zone, STATED)
    if names_offset(spelled.values).all():
        return _BY_OFFSET
    if _NAMED_UTC.search(table.times.name):
        return Fact("zone", "UTC", f"the column is named {table.times.name}")
    return _UTC if spelled.is_own and _is_usual(table, mapping) else None


def _is_usual(table: FileTable, mapping: FileMapping) -> bool:
    """True where what is not stated is the usual: in our own column, and where columns are stated
    by their names, as mappings always did."""
    is_named = mapping.names_all_columns and not mapping.columns["ts"][0].isdecimal()
    return table.times.name == "ts" or is_named


def _zone(
    table: FileTable, spelled: Spelling, timeframe: str, market: Market, mapping: FileMapping
) -> Fact:
    zone = _usual_zone(table, spelled, mapping)
    if zone is not None:
        return zone
    naive = spelled.values.filter(~names_offset(spelled.values))
    local = instants(naive, "UTC", accept_dates=False)
    assert local is not None
    part = sampled(local)
    times = {
        name: instants(part.dt.replace_time_zone(None), name, accept_dates=False)
        for name in candidates(market)
    }
    known = {name: each for name, each in times.items() if each is not None}
    zone = zone_of_sessions(known, timeframe, market, mapping.labels.get(timeframe, ""))
    require_certain(table.path, zone)
    return zone


def _require_zone_of_dates(
    table: FileTable, spelled: Spelling, market: Market, mapping: FileMapping
) -> None:
    """Around the clock, no session shows the date of a time."""
    if market.hours.weekmask != "1111111" or mapping.date_zone:
        return
    if _usual_zone(table, spelled, mapping) is None:
        local = instants(spelled.values, "UTC", accept_dates=True)
        assert local is not None
        naive = local.filter(~names_offset(spelled.values))
        if (naive.dt.time() != dt.time()).any():
            require_certain(table.path, unclear_zone("no offset in the times of days"))
    elif not mapping.zone and not _is_usual(table, mapping):
        dates = date_labels(spelled.values, ["UTC"], "").dates
        if dates.null_count():
            evidence = "days are labelled by other times than midnight"
            require_certain(table.path, unclear_zone(evidence, ("UTC", NEW_YORK), "date_zone"))


def _instants(table: FileTable, spelled: Spelling, zone: str, *, accept_dates: bool) -> pl.Series:
    times = instants(spelled.values, zone or "UTC", accept_dates=accept_dates)
    assert times is not None
    remedy = f"expected a time that {zone} has once, else give it an offset"
    _refuse(table, times.is_null(), remedy)
    return times


def _label(
    stated: str, opens: Opens, timeframe: str, table: FileTable, mapping: FileMapping
) -> Fact:
    """What the labels are; of no value where the sessions have to show it."""
    if stated:
        return Fact("label", stated, STATED)
    named = _named_label(table, timeframe, mapping)
    if named:
        return Fact("label", named, f"the name of the column {table.times.name}")
    if opens.note or not is_intraday(timeframe) or _is_usual(table, mapping):
        value = CLOSE if opens.meaning.endswith(CLOSE) else OPEN
        return Fact("label", value, opens.note or "as bars are labelled usually")
    return Fact("label", "", "")


def _named_label(table: FileTable, timeframe: str, mapping: FileMapping) -> str:
    """The label that the name of the column is, as Open time; empty where it says nothing."""
    if timeframe in mapping.labels or _is_usual(table, mapping):
        return ""
    return _NAMED.get(re.sub(r"[^a-z]", "", table.times.name.lower()), "")


def _refuse(table: FileTable, bad: pl.Series, remedy: str) -> None:
    if not bad.any():
        return
    rows = bad.arg_true()
    more = f" (and {rows.len() - 1} more)" if rows.len() > 1 else ""
    value = bounded(table.times.slice(rows[0], 1))
    shown = repr(value[0]) if value[0] is not None else str(value.to_physical()[0])
    message = f"{table.path} {table.place(rows[0])}{more}: ts is {shown}; {remedy}"
    raise BarsError(message, code="bad-value")


def _refuse_clashes(table: FileTable, opens: pl.Series) -> None:
    """Different labels of one day or week, except of the newest, whose bar may be served twice."""
    steps = opens.diff().drop_nulls()
    if (steps > dt.timedelta()).all() or (steps < dt.timedelta()).all():
        return
    rows = pl.DataFrame({"label": table.times, "open": opens}).with_row_index("row")
    rows = rows.filter(opens.is_duplicated() & (pl.col("open") != pl.col("open").max()))
    clashing = rows.filter(pl.col("label").n_unique().over("open") > 1)
    if clashing.is_empty():
        return
    row, label, opened = clashing.row(0)
    other = clashing.filter((pl.col("open") == opened) & (pl.col("label") != label))
    other_row, other_label, _ = other.row(0)
    raise BarsError(
        f"{table.path} {table.place(row)} and {table.place(other_row)}: {label!s} and "
        f"{other_label!s} label one bar, that of {opened:%Y-%m-%d}; keep the true one",
        code="clashing-labels",
    )
