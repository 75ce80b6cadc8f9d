"""Text from a vendor or a file is never interpreted in any page."""

import json
import re

from markupsafe import escape

from regime_platform.inert_text import inert
from regime_platform.report.html import script_json
from regime_platform.report.tables_page import migration_page, validation_page

#: Tags, quotes, templates of this and the former kind, an override of direction, an escape.
EVIL = (
    "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> \"' $origin {{ 7 * 7 }} "
    "\u202e\x1b"
)
TAGS = re.compile(r"<(script>alert|img|!--)")


def test_a_literal_in_a_script_cannot_end_it() -> None:
    literal = script_json({EVIL: [EVIL]})

    assert json.loads(literal) == {EVIL: [EVIL]}
    assert "<" not in literal


def test_reasons_and_examples_on_the_pages_are_inert() -> None:
    symbol = {"symbol": EVIL, "status": "failed", "reason": EVIL, "series": []}
    validation = validation_page({"symbols": [symbol], "input": EVIL, "at": EVIL})
    words = {"changed": {}, "superseded": {}, "rejected": {EVIL: 1}, "left_out": {}}
    counts = dict.fromkeys(("equal", "collapsed", "unfinished", "waiting", "lost", "rows"), 1)
    series = {**words, **counts, "timeframe": EVIL, "from": EVIL, "examples": [EVIL]}
    migrated = {**symbol, "series": [{**series, "adds_up": False}]}
    total = {**words, **counts, "adds_up": True}
    facts = {"migration": EVIL, "from": EVIL, "total": total, "symbols": [migrated]}

    for page in (validation, migration_page(facts)):
        assert not TAGS.search(page)
        assert str(escape(inert(EVIL))) in page
        assert "\u202e" not in page
        assert "\x1b" not in page
