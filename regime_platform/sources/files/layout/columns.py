"""Which columns of a file are those of bars: as the mapping states, else by their names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_COLUMNS, PRICE_COLUMNS
from regime_platform.model.yaml_text import flow_text
from regime_platform.sources.files.facts import STATED, Fact
from regime_platform.sources.files.layout.column_names import (
    ADJUSTED,
    CLOCK,
    DATE,
    INSTANT,
    PERIOD,
    SYMBOL,
    role_of,
)
from regime_platform.sources.files.mapping import FileMapping

_REQUIRED = ("ts", *PRICE_COLUMNS)


@dataclass(frozen=True)
class Columns:
    """The columns of a file that are read, by their places from 0."""

    header: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]  # bar column -> place; of ts one or several
    symbol: int | None = None
    others: Mapping[str, int] = field(default_factory=dict)  # to be the same in all rows
    adjusted: Mapping[str, int] = field(default_factory=dict)  # prices beside those of ``places``
    stated: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # of ``places``
    dates: tuple[int, ...] = ()  # date, or date and time, beside the instant of ``places``
    unadjusted: int | None = None  # close beside an adjusted one, by which all prices are scaled
    facts: tuple[Fact, ...] = ()

    @property
    def has_names(self) -> bool:
        """Whether the file names its columns, which else have their numbers."""
        return not all(map(str.isdecimal, self.header))

    @property
    def time_names(self) -> tuple[str, ...]:
        """The names of the columns of the time."""
        return tuple(self.header[place] for place in self.places["ts"])

    @property
    def numeric(self) -> Sequence[int]:
        """The places of the prices, and of the volume where there is one."""
        return [self.places[name][0] for name in BAR_COLUMNS[1:] if name in self.places]

    def used(self, names: Iterable[str]) -> Sequence[int]:
        """All places that are read, with those of columns of these names."""
        places = [place for of in self.places.values() for place in of]
        places += [*self.others.values(), *self.adjusted.values(), *self.dates]
        places += [place for place in (self.symbol, self.unadjusted) if place is not None]
        return [*places, *(self.header.index(name) for name in names)]

    def pairs(self, places: Mapping[str, tuple[int, ...]]) -> str:
        """``places`` as the key ``columns`` states them, beside what it states already."""
        names = {**self.stated, **places}
        return pairs_of({name: [self.header[n] for n in of] for name, of in names.items()})


def _name(name: str) -> str | int:
    return int(name) if name.isdecimal() and name.isascii() else name


def pairs_of(names: Mapping[str, Sequence[str]]) -> str:
    """The value of the key ``columns`` for bar columns with the names of theirs."""
    value = {column: [_name(name) for name in of] for column, of in names.items()}
    return flow_text({column: of[0] if len(of) == 1 else of for column, of in value.items()})


def columns_of(
    header: Sequence[str],
    mapping: FileMapping,
    path: Path,
    seen: str,
    time: int | None = None,
) -> Columns:
    """The columns of a file with these names.

    ``seen`` describes where the names were read, for messages; ``time`` is the only column of
    times by its values, for a file where no name says so. A role with several candidates is a
    fact with choices. ``BarsError`` names columns that are missing or repeated.
    """
    for name in mapping.where:
        _place(name, header, mapping, path)
    stated = {
        column: tuple(_place(name, header, mapping, path) for name in names)
        for column, names in mapping.columns.items()
    }
    roles = _roles(header, {place for places in stated.values() for place in places})
    choices: dict[str, list[tuple[int, ...]]] = {}
    if not mapping.names_all_columns:
        choices = {name: _candidates(name, roles) for name in BAR_COLUMNS if name not in stated}
    if time is not None and not choices.get("ts", [()]):
        choices["ts"] = [(time,)]
    places = {**{name: of[0] for name, of in choices.items() if of}, **stated}
    _require(places, header, path, seen, roles)
    symbol = _symbol(header, mapping, path, roles)
    adjusted = {
        name: roles[ADJUSTED + name][0][0]
        for name in BAR_COLUMNS[1:]
        if name in places and name not in stated and (ADJUSTED + name) in roles
    }
    columns = Columns(
        tuple(header),
        {name: places[name] for name in BAR_COLUMNS if name in places},
        symbol,
        {header[place]: place for place, _ in roles.get(PERIOD, [])},
        adjusted,
        stated,
        () if "ts" in stated else _dates(places["ts"], header, roles),
        _unadjusted(header, stated, roles),
    )
    return _with_facts(columns, choices, mapping)


def _place(name: str, header: Sequence[str], mapping: FileMapping, path: Path) -> int:
    count = list(header).count(name)
    if count != 1:
        fault = "repeated" if count else "missing"
        message = f"{path}: column {name} {fault}; {mapping.origin} names it; correct it there or "
        raise BarsError(f"{message}in the file, which has {', '.join(header)}", code="bar-columns")
    return list(header).index(name)


_Roles = Mapping[str, list[tuple[int, bool]]]


def _roles(header: Sequence[str], taken: set[int]) -> _Roles:
    """Role -> places of the columns whose names say it, and whether the name is weak."""
    roles: dict[str, list[tuple[int, bool]]] = {}
    for place, name in enumerate(header):
        role = role_of(name)
        if role is not None and place not in taken:
            roles.setdefault(role.name, []).append((place, role.is_weak))
    return roles


def _candidates(column: str, roles: _Roles) -> list[tuple[int, ...]]:
    if column != "ts":
        return [(place,) for place in _best(column, roles)]
    instants, dates, clocks = (_best(role, roles) for role in (INSTANT, DATE, CLOCK))
    if any(not is_weak for _, is_weak in roles.get(INSTANT, [])):
        return [(place,) for place in instants]
    if dates and clocks:
        return [(date, clock) for date in dates for clock in clocks]
    return [(place,) for place in dates or clocks or instants]


def _dates(chosen: tuple[int, ...], header: Sequence[str], roles: _Roles) -> tuple[int, ...]:
    """The date, and its time, beside a column of instants that is not named as ours."""
    dates, clocks = _best(DATE, roles), _best(CLOCK, roles)
    is_instant = chosen in [(place,) for place in _best(INSTANT, roles)]
    if not is_instant or len(dates) != 1 or header[chosen[0]] == "ts":
        return ()
    return (*dates, *(clocks if len(clocks) == 1 else ()))


def _unadjusted(
    header: Sequence[str], stated: Mapping[str, tuple[int, ...]], roles: _Roles
) -> int | None:
    """The close that belongs to the other prices, where only an adjusted close is stated."""
    role = role_of(header[stated["close"][0]]) if "close" in stated else None
    if role is None or role.name != f"{ADJUSTED}close":
        return None
    others = ("open", "high", "low")
    closes = _best("close", roles)
    has_own = any(name in stated or ADJUSTED + name in roles for name in others)
    return None if has_own or len(closes) != 1 else closes[0]


def _best(role: str, roles: _Roles) -> list[int]:
    strong = [place for place, is_weak in roles.get(role, []) if not is_weak]
    return strong or [place for place, _ in roles.get(role, [])]


def _require(
    places: Mapping[str, tuple[int, ...]],
    header: Sequence[str],
    path: Path,
    seen: str,
    roles: _Roles,
) -> None:
    missing = [name for name in _REQUIRED if name not in places]
    if missing:
        adjusted = [name for name in missing if ADJUSTED + name in roles]
        example = {name: [header[roles[ADJUSTED + name][0][0]]] for name in adjusted}
        example = example or {name: ["NAME"] for name in missing}
        raise BarsError(
            f"{path}: column {', '.join(missing)} missing; {seen}; name "
            f"{'them' if len(missing) > 1 else 'it'} in mapping.yaml, as "
            f"`columns: {pairs_of(example)}`",
            code="bar-columns",
        )
    used = [header[place] for of in places.values() for place in of]
    repeated = [name for name in dict.fromkeys(used) if list(header).count(name) > 1]
    if repeated:
        message = f"{path}: column {', '.join(repeated)} repeated; {seen}; give each its own name"
        raise BarsError(message, code="bar-columns")


def _symbol(header: Sequence[str], mapping: FileMapping, path: Path, roles: _Roles) -> int | None:
    if mapping.symbol_column:
        return _place(mapping.symbol_column, header, mapping, path)
    candidates = _best(SYMBOL, roles)
    return candidates[0] if candidates else None


def _with_facts(
    columns: Columns, choices: Mapping[str, list[tuple[int, ...]]], mapping: FileMapping
) -> Columns:
    asked = {name: of for name, of in choices.items() if len(of) > 1}
    used = {place for of in columns.places.values() for place in of}
    used |= {place for place in (columns.symbol, columns.unadjusted) if place is not None}
    ignored = [name for place, name in enumerate(columns.header) if place not in used and name]
    evidence = STATED if mapping.names_all_columns else "names"
    if ignored:
        evidence += f"; ignored: {', '.join(ignored)}"
    if columns.unadjusted is not None:
        close, unadjusted = (
            columns.header[n] for n in (columns.places["close"][0], columns.unadjusted)
        )
        evidence += f"; open, high and low are multiplied by {close} / {unadjusted}"
    facts = [Fact("columns", columns.pairs(columns.places), evidence)]
    for name, of in asked.items():
        names = " and ".join(" ".join(columns.header[n] for n in places) for places in of)
        each = tuple(columns.pairs({name: places}) for places in of)
        facts.append(Fact("columns", columns.pairs({name: of[0]}), f"{names} can be {name}", each))
    if columns.symbol is not None:
        evidence = STATED if mapping.symbol_column else "name"
        facts.append(Fact("symbol_column", columns.header[columns.symbol], evidence))
    return Columns(**{**vars(columns), "facts": tuple(facts)})
