"""Text in HTML pages: whatever it holds, a reader sees it and a browser does nothing with it."""

import html
import json
from typing import Any

from regime_platform.inert_text import inert, inert_json


def html_text(value: object) -> str:
    """A value as text of an element or of an attribute in quotes."""
    return html.escape(inert(str(value)))


def script_json(facts: Any) -> str:
    """Facts as a literal in a script element, which no text in them can end or comment out."""
    document = json.dumps(facts, separators=(",", ":"), allow_nan=False)
    return inert_json(document).replace("<", "\\u003c")
