"""YAML of others is read within bounds, and refused with its place where it is beyond them."""

import pytest

from regime_platform.model.yaml_text import YamlTextError, flow_text, load_yaml

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LAUGHS, r"aliases repeat more than 10,000 values \(line 5\)"),
        ("a: &a [*a]", "contains itself"),
        ("[" * 100_000, "nests deeper than 40 levels"),
        ("- " * 100_000, "nests deeper"),
        ("when: 2022-13-45", "month must be in"),
        ("is: !!bool maybe", "KeyError"),
        ("at: !!timestamp noon", "AttributeError"),
        ("n: " + "9" * 5000, "Exceeds the limit"),
        ("{}: [", "expected"),
        ("a: *nowhere", "undefined alias"),
        ("x: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
    ],
)
def test_what_is_out_of_bounds_or_no_yaml_is_refused_at_once(text: str, reason: str) -> None:
    with pytest.raises(YamlTextError, match=reason):
        load_yaml(text)


def test_aliases_within_bounds_mean_what_they_stand_for() -> None:
    assert load_yaml("a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}") == {
        "a": {"x": 1},
        "b": {"x": 1},
        "c": {"x": 1, "y": 2},
    }
    assert load_yaml("") is None


@pytest.mark.parametrize("text", ["ON", "0700", "1e3", "null", "2020-01-31", "a: b", "[x", "Ä #"])
def test_text_that_yaml_would_read_otherwise_is_quoted(text: str) -> None:
    assert load_yaml(f"{{x: {flow_text(text)}}}") == {"x": text}
    assert load_yaml(f"x: {flow_text([text, 'y'])}") == {"x": [text, "y"]}


def test_plain_text_is_written_without_quotes() -> None:
    long = " ".join(["word"] * 60)

    assert flow_text({"symbol": "IBM", "name": long}) == f"{{symbol: IBM, name: {long}}}"
