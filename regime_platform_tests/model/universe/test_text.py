"""A universe is edited in place: what was asked for changes, and every other line stays."""

import re
from textwrap import indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.errors import ConfigError
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.text import edited
from regime_platform.model.universe.universe import parse_universe
from regime_platform_tests.error_codes import raises
from regime_platform_tests.examples import examples

TEXT = """\
# ours
instruments:
  # the indices
  - {symbol: SPY, name: An index fund, asset_class: US_EQUITY_INDEX, tier: core, source: sample} # S
  - symbol: "ON"   # a truth value for YAML
    name: 'ON: a company'
    asset_class: US_EQUITY
    tier: daily
    source: sample
    # the last words on ON

  # the rest
  - {symbol: IBM, name: A company, asset_class: US_EQUITY, tier: daily, source: sample}
# the end
"""
EUR = Instrument(
    symbol="EURUSD",
    name="Euro: / dollar",
    asset_class="FX",
    tier="core",
    source="twelvedata",
    provider_symbol="E/U",
)


def lines_of(text: str) -> list[str]:
    return text.splitlines()


def test_an_entry_is_added_after_the_last_and_no_other_line_changes() -> None:
    new = edited(TEXT, {EUR.symbol: EUR})

    (added,) = [line for line in lines_of(new) if line not in lines_of(TEXT)]
    assert added.startswith("  - {symbol: EURUSD, name: 'Euro: / dollar', asset_class: FX, ")
    assert lines_of(new)[-1] == "# the end"
    assert parse_universe(new, "u").instrument("EURUSD") == EUR


def test_an_added_and_removed_entry_leaves_the_text_as_it_was() -> None:
    assert edited(edited(TEXT, {EUR.symbol: EUR}), dict.fromkeys(["EURUSD"])) == TEXT


def test_an_edited_file_keeps_its_line_ends() -> None:
    text = TEXT.replace("\n", "\r\n")
    on = parse_universe(TEXT, "u").instrument("ON").changed(delisted="2020-01-31")

    for changes in ({EUR.symbol: EUR}, {"IBM": None}, {"ON": on}):
        assert edited(text, changes) == edited(TEXT, changes).replace("\n", "\r\n")


def test_a_removed_entry_takes_its_own_lines_and_no_others() -> None:
    new = edited(TEXT, dict.fromkeys(["ON", "SPY"]))

    assert parse_universe(new, "u").symbols == ("IBM",)
    assert [line for line in lines_of(TEXT) if line.strip().startswith("#")] == [
        line for line in lines_of(new) if line.strip().startswith("#")
    ]


@pytest.mark.parametrize("symbol", ["SPY", "ON", "IBM"])
def test_a_changed_entry_keeps_how_it_is_written(symbol: str) -> None:
    entry = parse_universe(TEXT, "u").instrument(symbol)

    new = edited(TEXT, {symbol: entry.changed(delisted="2020-01-31")})

    assert "delisted: '2020-01-31'" in new
    assert new.count("#") == TEXT.count("#")
    assert len(set(lines_of(TEXT)) - set(lines_of(new))) <= 1
    assert edited(new, {symbol: entry}).count("instruments") == 1


def test_a_renamed_symbol_that_yaml_would_misread_is_quoted() -> None:
    entry = parse_universe(TEXT, "u").instrument("IBM")

    new = edited(TEXT, {"IBM": entry.changed(symbol="NO", formerly=("IBM",))})

    assert parse_universe(new, "u").renamed == {"IBM": "NO"}
    assert "{symbol: 'NO', name: A company" in new


LAYOUTS = {
    "columns": """\
- { symbol: AAA,   name: A,  asset_class: FX, tier: core, source: sample }  # a
""",
    "lines": """\
- symbol:  AAA
  name:    'A'
  asset_class: FX # b
  tier: core
  source: sample # c
""",
    "wrapped": """\
- {symbol: AAA, name: A,
   asset_class: FX,

   tier: core, source: sample}
""",
    "folded": """\
-
  # a comment
  symbol: AAA
  asset_class: FX
  tier: core
  source: sample
  name: >-
    A
""",
}


@pytest.mark.parametrize("margin", [0, 2, 7])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("other", LAYOUTS)
def test_every_byte_that_an_edit_is_not_about_stays(layout: str, other: str, margin: int) -> None:
    parts = [LAYOUTS[other].replace("AAA", "BBB"), "# c\n", LAYOUTS[layout], "# d\n\n"]
    before, comment, own, after = (indent(part, " " * margin) for part in parts)
    ahead = f"# ours\n\ninstruments: # all\n{before}{comment}"
    behind = f"{after}{before.replace('BBB', 'CCC')}# the end"
    text = ahead + own + behind
    entry = parse_universe(text, "u").instrument("AAA")

    delisted = edited(text, {"AAA": entry.changed(delisted="2020-01-31")})
    renamed = edited(text, {"AAA": entry.changed(name="Another: name")})

    for new in (delisted, renamed):
        assert new.startswith(ahead)
        assert new.endswith(behind)
        assert new.count("#") == text.count("#")
    assert re.sub(r"(, |\n *)delisted: '2020-01-31'", "", delisted) == text
    assert edited(delisted, {"AAA": entry}) == text
    assert edited(text, {"AAA": None}) == ahead + behind
    assert edited(edited(text, {"EURUSD": EUR}), {"EURUSD": None}) == text


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        ("{formerly: [B], symbol: A, delisted: 2020-01-31} # a", "{symbol: A} # a"),
        ("{symbol: A, delisted: 2020-01-31,\n formerly: [B]}", "{symbol: A}"),
        ("formerly: [B] # b\n  symbol: A # a\n  delisted: 2020-01-31 # d", "symbol: A # a"),
        ("symbol: A\n  # c\n  formerly:\n    - B\n  delisted: 2020-01-31", "symbol: A\n  # c"),
    ],
)
def test_a_field_goes_and_takes_no_other_with_it(entry: str, left: str) -> None:
    rest = "name: A, asset_class: FX, tier: core, source: sample"
    others = f", {rest}" if "{" in entry else f"\n  {rest}".replace(", ", "\n  ")
    text, wanted = (
        f"instruments:\n- {part.replace('symbol: A', f'symbol: A{others}', 1)}\n# end\n"
        for part in (entry, left)
    )
    instrument = parse_universe(text, "u").instrument("A")

    assert edited(text, {"A": instrument.changed(delisted="", formerly=())}) == wanted


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            TEXT.replace("instruments:\n", "instruments: [\n").replace("  - {", "{"),
            "universe-not-yaml",
        ),
        (
            "instruments: [{symbol: A, name: A, asset_class: FX, tier: core, source: sample}]",
            "universe-not-editable",
        ),
    ],
)
def test_a_form_that_has_no_lines_to_edit_is_refused(text: str, code: str) -> None:
    with raises(ConfigError, code):
        edited(text, {EUR.symbol: EUR})


def test_an_entry_written_by_reference_is_not_edited_blindly() -> None:
    text = (
        "instruments:\n"
        "  - {symbol: A, name: &n Same, asset_class: US_EQUITY, tier: daily, source: sample}\n"
        "  - {symbol: B, name: *n, asset_class: US_EQUITY, tier: daily, source: sample}\n"
    )
    entry = parse_universe(text, "u").instrument("B")

    with raises(ConfigError, "universe-not-editable", match="`regime universe check`"):
        edited(text, {"B": entry.changed(name="Other")})


def test_an_empty_universe_and_a_symbol_twice_are_refused() -> None:
    with raises(ConfigError, "universe-empty", match="at least one symbol"):
        edited(TEXT, dict.fromkeys(["SPY", "ON", "IBM"]))
    with raises(ConfigError, "duplicate-symbol", match="SPY"):
        edited(TEXT, {"IBM": EUR.changed(symbol="SPY")})


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1
)


@pytest.mark.slow
@examples(25)
@given(
    symbol=st.sampled_from(["ON", "NO", "Y", "0700", "1E3", "NULL", "TRUE", "X.Y", "A=F"]),
    name=WORDS.map(str.strip).filter(bool),
    provider=WORDS.map(str.strip).filter(bool),
)
def test_any_text_in_an_entry_is_read_back_as_it_was(symbol: str, name: str, provider: str) -> None:
    text = TEXT.replace('"ON"', "OFFX")
    added = Instrument(
        symbol=symbol,
        name=name,
        asset_class="FX",
        tier="core",
        source="twelvedata",
        provider_symbol=provider,
    )

    new = edited(text, {added.symbol: added})

    assert parse_universe(new, "u").instrument(symbol) == added
    changed = added.changed(name=provider, delisted="2001-02-03")
    assert parse_universe(edited(new, {symbol: changed}), "u").instrument(symbol) == changed
    assert edited(new, dict.fromkeys([symbol])) == text
