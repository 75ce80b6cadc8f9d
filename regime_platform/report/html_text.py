"""Escapes text for HTML pages: a browser shows it and interprets nothing in it."""

import html
import json
from typing import Any

from regime_platform.inert_text import inert, inert_json


def html_text(value: object) -> str:
    """A value as text of an element or of an attribute in quotes."""
    return html.escape(inert(str(value)))


def script_json(document: Any) -> str:
    """A document as a literal in a script element, which no text in it can end or comment out."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    return inert_json(text).replace("<", "\\u003c")
