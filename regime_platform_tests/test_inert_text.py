"""Control characters of text from outside are escaped; everything visible stays."""

import json

import pytest

from regime_platform.inert_text import inert, inert_json, inert_lines

EVIL = "\x1b[2J\x1b]0;title\x07 \x9b31m \u202egnp.exe\u2066 \u2028\r\nAAA done\ttab"
SHOWN = "\\x1b[2J\\x1b]0;title\\x07 \\x9b31m \\u202egnp.exe\\u2066 \\u2028 AAA done tab"


def test_a_text_becomes_one_visible_line() -> None:
    assert inert(EVIL) == SHOWN
    assert inert(inert(EVIL)) == SHOWN


def test_lines_and_tabs_of_our_own_texts_stay() -> None:
    assert inert_lines("a\r\nb\tc\x07") == "a\nb\tc\\x07"


@pytest.mark.parametrize("text", ["Société Générale 日本 \u00a0x", "", "plain"])
def test_visible_text_stays(text: str) -> None:
    assert inert(text) == inert_lines(text) == text


def test_escaped_json_has_the_same_value() -> None:
    document = json.dumps({EVIL: [EVIL, "\U000e0001", "日本"]}, ensure_ascii=False)

    escaped = inert_json(document)

    assert json.loads(escaped) == json.loads(document)
    assert inert_json(escaped) == escaped
    assert escaped.replace("日本", "").isascii()
