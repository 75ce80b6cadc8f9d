"""The constants of the compute and their fingerprint."""

from dataclasses import fields, replace
from typing import Any

import pytest

from regime_platform.compute import params
from regime_platform.compute.params import DEFAULT_PARAMS, Params, TimeframeParams
from regime_platform.errors import UsageError

DAILY = DEFAULT_PARAMS.at("1day")


def with_daily(changed: TimeframeParams) -> Params:
    table = tuple(
        (name, changed if name == "1day" else params)
        for name, params in DEFAULT_PARAMS.by_timeframe
    )
    return Params(by_timeframe=table)


@pytest.mark.parametrize(
    ("timeframe", "year_bars", "min_members"),
    [("15min", 6552, 1638), ("1h", 1512, 378), ("4h", 504, 126), ("1day", 252, 63), ("1w", 52, 60)],
)
def test_bars_per_year_and_members_follow_the_table(
    timeframe: str, year_bars: int, min_members: int
) -> None:
    constants = DEFAULT_PARAMS.at(timeframe)

    assert (constants.year_bars, constants.min_members) == (year_bars, min_members)


def test_only_weekly_bars_have_the_short_rolling_windows() -> None:
    daily = {name: params.rolling_windows for name, params in DEFAULT_PARAMS.by_timeframe}

    assert daily.pop("1week") == (252, 504, 1260, 2520, 52, 104, 260)
    assert set(daily.values()) == {(252, 504, 1260, 2520)}


def test_an_unknown_timeframe_is_refused() -> None:
    with pytest.raises(UsageError, match="2day"):
        DEFAULT_PARAMS.at("2day")


@pytest.mark.parametrize("name", [field.name for field in fields(TimeframeParams)])
def test_the_fingerprint_changes_with_every_constant_of_a_timeframe(name: str) -> None:
    value = getattr(DAILY, name)
    other: dict[str, Any] = {name: (*value, 9) if isinstance(value, tuple) else value + 4}

    assert with_daily(replace(DAILY, **other)).fingerprint() != DEFAULT_PARAMS.fingerprint()


def test_the_fingerprint_changes_with_the_short_list_rule() -> None:
    assert Params(short_list=0).fingerprint() != DEFAULT_PARAMS.fingerprint()


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (group, name)
        for group in (
            "WINDOWS",
            "FIRST_BARS",
            "ESCALATION_WINDOWS",
            "ESCALATION_NUMBERS",
            "BUCKETS",
            "EVENT_EDGES",
            "QUALITY",
            "STANCE",
            "LABEL_RULES",
            "TAG_RULES",
        )
        for name in getattr(params, group)._fields
    ],
)
def test_the_fingerprint_changes_with_every_compiled_constant(
    group: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = DEFAULT_PARAMS.fingerprint()
    constants = getattr(params, group)

    changed = constants._replace(**{name: getattr(constants, name) + 1})
    monkeypatch.setattr(params, group, changed)

    assert DEFAULT_PARAMS.fingerprint() != before


def test_every_group_of_compiled_constants_is_in_the_fingerprint() -> None:
    groups = [
        value
        for name, value in vars(params).items()
        if name.isupper() and hasattr(value, "_fields")
    ]
    compiled = DEFAULT_PARAMS.document()["compiled"]

    assert isinstance(compiled, dict)
    assert [group._asdict() for group in groups if group._asdict() not in compiled.values()] == []


def test_the_fingerprint_is_the_same_for_equal_constants() -> None:
    assert Params().fingerprint() == DEFAULT_PARAMS.fingerprint()
    assert len(DEFAULT_PARAMS.fingerprint()) == 64
