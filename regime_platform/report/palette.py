"""The colours of regimes and escalation buckets, the same on pages, small charts and terminals.

Blue and orange instead of green and red: the most important pairs are distinguishable with every
common kind of colour blindness, and in grey the risky labels are the dark ones.
"""

from collections.abc import Mapping

REGIME_COLOURS: Mapping[str, str] = {
    "SHOCK": "#1a1a1a",
    "PANIC_RISK": "#a3195b",
    "TRENDING_BEAR": "#e08214",
    "CHOP_RISK": "#e8d44d",
    "TRANSITION": "#d4d8dd",
    "TRANSITION_BREAKOUT_SETUP": "#56b4a9",
    "TRENDING_BULL": "#3a86c8",
}
NO_REGIME = "#ffffff"

BUCKET_COLOURS: Mapping[str, str] = {
    "LOW": "#8fa3b5",
    "MED": "#e08214",
    "HIGH": "#a3195b",
    "NA": "#e3e6ea",
}

#: Behind the escalation where its rank is immature.
IMMATURE_COLOUR = "#efe6cf"

#: A mark that stands for several bars takes the first of these that one of its bars has.
ALARMS = ("SHOCK", "PANIC_RISK")


_WORDS = {"MB": "market bias", "SS": "structure", "VOL": "volatility", "US": "US", "FX": "FX"}


def readable(code: str) -> str:
    """A code such as MB_BEARISH as words: market bias bearish."""
    return " ".join(_WORDS.get(part, part.lower()) for part in code.split("_"))
