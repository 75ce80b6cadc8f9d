"""What the page of a board shows; how it behaves is tested in a browser."""

import datetime as dt
import re
from pathlib import Path

from regime_platform.query.board import board
from regime_platform.report.board_page import board_page, board_view
from regime_platform.report.palette import DARK_COLOURS, LIGHT_COLOURS, ink_on
from regime_platform_tests.boards import LAST, made_board

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
EVIL = "<script>alert(1)</script>"


def test_text_is_inert_and_notes_say_what_is_not_current(tmp_path: Path) -> None:
    settings = made_board(
        tmp_path,
        {
            ("AAA", "1day"): {"held_back": f"failed: {EVIL}", "is_pending": True},
            ("AAA", "1week"): {"is_left_out": True, "last_ts": LAST - dt.timedelta(days=4)},
        },
    )
    rows = board(now=NOW, where=settings)

    page, view = board_page(rows, NOW), board_view(rows, {"AAA": "AAA.html"})

    assert EVIL not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "AAA &amp; Co" in page
    assert dict(view.strip) == {"1day": "1d", "1week": "1w"}
    (row,) = view.rows
    assert row["note"] == f"failed: {EVIL}; results pending; mean without 1week"
    assert (row["page"], row["late"], row["last_ts"]) == ("AAA.html", "1day", "2026-11-20")


def test_every_colour_carries_text_that_can_be_read() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [(p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4) for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in (*LIGHT_COLOURS.values(), *DARK_COLOURS.values()):
        light, dark = sorted((luminance(colour), luminance(ink_on(colour))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_more_missing_bars_than_are_counted_are_over_that_number(tmp_path: Path) -> None:
    settings = made_board(
        tmp_path,
        {
            ("AAA", "1day"): {"last_ts": LAST - dt.timedelta(days=1000)},
            ("BBB", "1day"): {"last_ts": LAST - dt.timedelta(days=7)},
        },
    )

    page = board_page(board(now=NOW, where=settings), NOW)

    first, second = re.findall(r'<span class="late"> !([^<]*)</span>', page)
    assert re.fullmatch(r"over 2\d\d", first)
    assert second.isdecimal()
