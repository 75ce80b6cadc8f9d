"""The colours of regimes and escalation buckets, the same on pages, pictures and terminals.

Blue and orange instead of green and red: the most important pairs are distinguishable with every
common kind of colour blindness, and in grey the risky labels are those that stand out most.
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
#: One sign a regime, where there is room for no more: colour alone must not tell them apart.
REGIME_SIGNS: Mapping[str, str] = {
    "SHOCK": "S",
    "PANIC_RISK": "P",
    "TRENDING_BEAR": "▼",
    "CHOP_RISK": "C",
    "TRANSITION": "T",
    "TRANSITION_BREAKOUT_SETUP": "B",
    "TRENDING_BULL": "▲",
}
#: Timeframes where there is room for three letters.
SHORT_TIMEFRAMES: Mapping[str, str] = {
    "15min": "15m",
    "1h": "1h",
    "4h": "4h",
    "1day": "1d",
    "1week": "1w",
}

BUCKET_COLOURS: Mapping[str, str] = {
    "LOW": "#8fa3b5",
    "MED": "#e08214",
    "HIGH": "#a3195b",
    "NA": "#e3e6ea",
}

#: Behind the escalation where its rank is immature.
IMMATURE_COLOUR = "#efe6cf"

#: The same on a dark ground, where the risky labels are the light ones.
DARK_COLOURS: Mapping[str, str] = {
    "SHOCK": "#f4f6f8",
    "PANIC_RISK": "#f06aa8",
    "TRENDING_BEAR": "#ef9c3d",
    "CHOP_RISK": "#b9a83a",
    "TRANSITION": "#4d5762",
    "TRANSITION_BREAKOUT_SETUP": "#4fa89d",
    "TRENDING_BULL": "#5c9fe0",
    "LOW": "#75899c",
    "MED": "#ef9c3d",
    "HIGH": "#f06aa8",
    "NA": "#39424c",
    "IMMATURE": "#3b3522",
}
#: What a page may name as a variable of its style, such as ``var(--TRENDING_BULL)``.
LIGHT_COLOURS: Mapping[str, str] = {
    **REGIME_COLOURS,
    **BUCKET_COLOURS,
    "IMMATURE": IMMATURE_COLOUR,
}

#: A mark that stands for several bars takes the first of these that one of its bars has.
ALARMS = ("SHOCK", "PANIC_RISK")


_WORDS = {"MB": "market bias", "SS": "structure", "VOL": "volatility", "US": "US", "FX": "FX"}


def readable(code: str) -> str:
    """A code such as MB_BEARISH as words: market bias bearish."""
    return " ".join(_WORDS.get(part, part.lower()) for part in code.split("_"))


def state_words(code: str) -> str:
    """A regime as words; an escalation bucket stays what it is called everywhere: HIGH."""
    return code if code in BUCKET_COLOURS else readable(code)


def ink_on(colour: str) -> str:
    """Black or white, whichever can be read on a colour such as #a3195b: at least 4.5 to 1."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    red, green, blue = linear
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue  # as WCAG has it
    return "#000000" if luminance > 0.179 else "#ffffff"
