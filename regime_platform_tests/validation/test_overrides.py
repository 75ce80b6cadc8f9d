"""Overrides are a record that only grows, and the gate applies those in force."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.instants import iso
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.validation.overrides import (
    Override,
    OverrideKind,
    in_force,
    overrides_text,
    parse_overrides,
    with_added,
    with_withdrawn,
)
from regime_platform.validation.policy import Policy, ValidationContext
from regime_platform_tests.error_codes import raises
from regime_platform_tests.validation.real_bars import changed, finding_of, real, times, validated

AT = "2026-11-22T03:15:00Z"
CRASH = "2000-09-29T00:00:00Z"


def override(
    kind: OverrideKind = OverrideKind.EXCLUDE, ts: str = CRASH, rule: str = "any", **more: Any
) -> Override:
    return Override(
        id=1,
        kind=kind,
        timeframe="1day",
        ts=ts,
        reason="because",
        by="ann",
        at=AT,
        rule=rule,
        **more,
    )


WHOLE = overrides_text("AAPL", (override(),))


def context(*overrides: Override) -> ValidationContext:
    return ValidationContext(Policy(), overrides)


def test_an_excluded_bar_is_set_aside_with_who_and_why_and_leaves_no_gap() -> None:
    rows = real("AAPL", "1day")

    result = validated(rows, "AAPL", "1day", context(override()))

    assert result.status == "passed"
    assert result.valid.height == rows.height - 1
    kept_out = result.rejected.row(0, named=True)
    assert (kept_out["disposition"], kept_out["rule"]) == ("set_aside", "excluded_bar")
    assert kept_out["reason"] == "override 1 by ann: because"
    assert finding_of(result, "excluded_bar").count == 1
    assert finding_of(result, "missing_sessions").count == 0


def test_an_excluded_bar_blocks_nothing_however_wrong_it_is() -> None:
    rows = changed(real("AAPL", "1day"), 100, low=1e6)
    wrong = iso(rows["ts"][100])

    assert validated(rows, "AAPL", "1day").status == "blocked"
    assert validated(rows, "AAPL", "1day", context(override(ts=wrong))).status == "passed"


def test_an_accepted_extreme_is_counted_apart_and_the_bar_stays() -> None:
    rows = real("AAPL", "1day")

    result = validated(rows, "AAPL", "1day", context(override(OverrideKind.ACCEPT)))

    finding = finding_of(result, "price_jump")
    assert (finding.count, finding.accepted) == (2, 1)
    assert result.valid.equals(rows)


def test_a_range_excludes_all_its_bars_and_no_other() -> None:
    rows = real("AAPL", "1day")
    start, last = rows["ts"][100], rows["ts"][119]

    result = validated(rows, "AAPL", "1day", context(override(ts=iso(start), until=iso(last))))

    assert result.rejected["ts"].to_list() == rows["ts"][100:120].to_list()
    assert finding_of(result, "excluded_bar").count == 20
    assert finding_of(result, "missing_sessions").count == 0


def test_one_override_lists_several_bars() -> None:
    rows = real("AAPL", "1day")
    opens = [iso(rows["ts"][place]) for place in (100, 700, 900)]

    excluding = override(ts=opens[0], others=opens[1:])
    result = validated(rows, "AAPL", "1day", context(excluding))

    assert [iso(ts) for ts in result.rejected["ts"]] == opens


@pytest.mark.parametrize("rule", ["price_jump", "any"])
def test_a_range_accepts_the_findings_in_it(rule: str) -> None:
    accepting = override(OverrideKind.ACCEPT, "2000-01-01", rule, until="2000-12-31")

    result = validated(real("AAPL", "1day"), "AAPL", "1day", context(accepting))

    finding = finding_of(result, "price_jump")
    assert (finding.count, finding.accepted) == (1, 2)
    assert finding.examples[0].startswith("2005-02-28")


def test_a_range_accepts_the_gaps_in_it() -> None:
    rows = real("EURUSD", "1h")
    gone = slice(rows["ts"].search_sorted(dt.datetime(2017, 5, 9, 21, tzinfo=dt.UTC)), 30)
    rows = rows.filter(~pl.int_range(pl.len()).is_between(gone.start, gone.start + 29))
    accepting = override(OverrideKind.ACCEPT, "2017-05-09", until="2017-05-12").model_copy(
        update={"timeframe": "1h"}
    )

    result = validated(rows, "EURUSD", "1h", context(accepting))

    missing = [finding_of(result, name) for name in ("missing_sessions", "missing_bars")]
    assert [(finding.count, finding.accepted) for finding in missing] == [(0, 1), (0, 6)]


@pytest.mark.parametrize(("rule", "status"), [("non_positive_price", "passed"), ("any", "blocked")])
def test_a_price_below_zero_is_accepted_by_name_alone(rule: str, status: str) -> None:
    rows = changed(real("AAPL", "1day"), 100, low=-40.32, close=-37.63)
    accepting = override(OverrideKind.ACCEPT, iso(rows["ts"][100]), rule)

    result = validated(rows, "AAPL", "1day", context(accepting))

    assert result.status == status
    assert (finding_of(result, "non_positive_price").accepted == 1) == (status == "passed")
    if status == "passed":
        assert result.valid.equals(rows)
        assert finding_of(result, "price_jump").count == 3  # those of the series


def test_bars_without_prices_above_zero_are_compared_with_nothing() -> None:
    rows = changed(real("AAPL", "1day"), slice(100, 103), **times(0.0))
    first, last = iso(rows["ts"][100]), iso(rows["ts"][102])
    accepting = override(OverrideKind.ACCEPT, first, "non_positive_price", until=last)

    result = validated(rows, "AAPL", "1day", context(accepting))

    assert finding_of(result, "non_positive_price").accepted == 3
    assert finding_of(result, "wide_range").count == 0
    assert len(finding_of(result, "price_jump").examples) == 3
    assert result.valid.equals(rows)


def test_accepting_one_rule_leaves_the_others() -> None:
    rows = real("AAPL", "1day")

    result = validated(
        rows, "AAPL", "1day", context(override(OverrideKind.ACCEPT, rule="wide_range"))
    )

    assert finding_of(result, "price_jump").count == 3


def test_an_accepted_gap_is_none() -> None:
    rows = real("AAPL", "1day")
    gone = iso(rows["ts"][50])

    result = validated(
        rows[[*range(50), *range(51, 3270)]],
        "AAPL",
        "1day",
        context(override(OverrideKind.ACCEPT, gone)),
    )

    finding = finding_of(result, "missing_sessions")
    assert (finding.count, finding.accepted) == (0, 1)


@pytest.mark.parametrize("spoilt", [{"low": 1e6}, {"close": None}, times(-1.0)])
def test_no_acceptance_lets_a_wrong_bar_through(spoilt: dict[str, float]) -> None:
    rows = changed(real("AAPL", "1day"), 100, **spoilt)

    result = validated(
        rows, "AAPL", "1day", context(override(OverrideKind.ACCEPT, iso(rows["ts"][100])))
    )

    assert result.status == "blocked"


def test_the_same_override_twice_is_refused() -> None:
    entries = with_added((), override())

    with raises(UsageError, "override-exists", match="override 1 .*ann: because"):
        with_added(entries, override())
    with raises(UsageError, "override-exists", match="override 2"):
        with_added(entries, override(OverrideKind.ACCEPT), override(OverrideKind.ACCEPT))


def test_an_override_of_a_range_is_undone_by_its_number() -> None:
    entries = with_added((), override(until="2001-01-01"), override(others=("2000-10-02",)))
    entries = with_withdrawn(entries, 1, reason="no", by="bob", at=AT)

    assert in_force(entries) == entries[1:2]
    assert entries[2].undoes == 1
    assert parse_overrides(overrides_text("AAPL", entries), "AAPL", "decisions.yaml") == entries


def test_an_override_of_one_bar_is_written_as_before_there_were_ranges() -> None:
    assert "until" not in WHOLE
    assert "others" not in WHOLE


def test_an_undone_override_stays_on_record_and_can_be_made_again() -> None:
    entries = with_added((), override())
    entries = with_withdrawn(entries, 1, reason="no", by="bob", at=AT)

    assert in_force(entries) == ()
    assert [entry.kind for entry in entries] == [OverrideKind.EXCLUDE, OverrideKind.UNDO]
    assert [entry.id for entry in in_force(with_added(entries, override()))] == [3]
    with raises(UsageError, "override-not-in-force", match="override 1 .*in force: none"):
        with_withdrawn(entries, 1, reason="no", by="bob", at=AT)


_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1).filter(
    str.strip
)


@given(
    made=st.lists(
        st.tuples(
            st.sampled_from([OverrideKind.EXCLUDE, OverrideKind.ACCEPT]),
            st.sampled_from(TIMEFRAMES),
            st.datetimes(dt.datetime(1990, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
            _WORDS,
        ),
        max_size=5,
        unique_by=lambda entry: entry[:3],
    )
)
def test_what_is_written_is_read(made: list[tuple[OverrideKind, str, dt.datetime, str]]) -> None:
    entries = with_added(
        (),
        *(
            Override(
                id=0, kind=kind, timeframe=timeframe, ts=iso(ts), reason=reason, by="ann", at=AT
            )
            for kind, timeframe, ts, reason in made
        ),
    )
    if entries:
        entries = with_withdrawn(entries, 1, reason="no", by="bob", at=AT)

    assert parse_overrides(overrides_text("AAPL", entries), "AAPL", "decisions.yaml") == entries


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (overrides_text("MSFT", (override(),)), "not of AAPL"),
        (WHOLE.replace("id: 1", "id: 2"), "ids are not 1, 2, 3"),
        (WHOLE.replace("id: 1", "id: true"), r"decisions\.0\.id"),
        (WHOLE.replace("1day", "2h"), "no known timeframe"),
        (WHOLE.replace(CRASH, "soon"), r"decisions\.0\.ts: .*soon"),
        (WHOLE.replace(CRASH, "0001-01-01T00:00:00+14:00"), "is no date"),
        (WHOLE.replace("reason: because", "reason: ''"), r"decisions\.0\.reason"),
        (WHOLE + "  undoes: 1", "undo names an entry"),
        (WHOLE + "  until: '2000-09-28'", "until ends a range that begins at ts"),
        (WHOLE + "  until: soon", r"decisions\.0\.until: .*soon"),
        (WHOLE + "  mood: good", r"decisions\.0\.mood"),
        ("version: 1", "symbol"),
        ("decisions: [", ""),
        ("", ""),
    ],
)
def test_a_damaged_record_is_named_and_never_ignored(text: str, words: str) -> None:
    with raises(ConfigError, "overrides-damaged", match=rf"decisions\.yaml is damaged.*{words}"):
        parse_overrides(text, "AAPL", "decisions.yaml")


def test_an_open_without_a_zone_is_in_utc() -> None:
    (entry,) = parse_overrides(WHOLE.replace(CRASH, "2000-09-29"), "AAPL", "decisions.yaml")

    assert entry == override()


def test_a_record_of_which_entries_are_lost_says_which_and_goes_on_after_them() -> None:
    kept = (override(), override(ts="2024-01-09T00:00:00Z").model_copy(update={"id": 4}))

    text = overrides_text("AAPL", kept)
    entries = parse_overrides(text, "AAPL", "decisions.yaml")

    assert "lost:\n- 2\n- 3\n" in text
    assert entries == kept
    assert with_withdrawn(entries, 4, reason="a test", by="ann", at=kept[0].at)[-1].id == 5
