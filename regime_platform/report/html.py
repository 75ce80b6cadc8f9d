"""HTML from the templates of this package; every value is shown as text and never interpreted."""

import json
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from regime_platform.inert_text import inert, inert_json
from regime_platform.model.timeframes import is_intraday
from regime_platform.report.palette import (
    BUCKET_COLOURS,
    DARK_COLOURS,
    LIGHT_COLOURS,
    REGIME_COLOURS,
    REGIME_SIGNS,
    ink_on,
    readable,
    state_words,
)


def render(template: str, **values: Any) -> str:
    """A template of ``templates/`` with its values, which need no escaping by the caller."""
    return _TEMPLATES.get_template(template).render(values)


def script_json(document: Any) -> Markup:
    """A document as a literal in a script element, which no text in it can end or comment out."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    return Markup(inert_json(text).replace("<", "\\u003c"))  # noqa: S704 - no tag is left in it


def _shown(value: Any) -> Any:
    """A value before it is escaped: its visible characters; what a template made stays."""
    return value if isinstance(value, Markup) else inert(str(value))


_TEMPLATES = Environment(
    loader=PackageLoader("regime_platform.report"),
    autoescape=True,
    finalize=_shown,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(script_json=script_json, readable=readable, state_words=state_words)
_TEMPLATES.globals.update(
    regime_colours=REGIME_COLOURS,
    regime_signs=REGIME_SIGNS,
    bucket_colours=BUCKET_COLOURS,
    light_colours=LIGHT_COLOURS,
    dark_colours=DARK_COLOURS,
    is_intraday=is_intraday,
    ink_on=ink_on,
)
