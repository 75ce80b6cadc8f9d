"""What the studies of events test, in words; a claim is the same of a symbol and of many.

Wide bars are measured in average ranges, which are large after HIGH. Fewer of them are therefore no
finding, and only their being more can be shown.
"""

from regime_platform.studies.events.event_marks import WIDE_BAR
from regime_platform.studies.events.signals import SIGNALS
from regime_platform.studies.inference.comparison import Claim
from regime_platform.studies.result import Unit

_MORE = ("more", "less")


def detection_claim(kind: str, signal: str, part: str = "") -> Claim:
    """Events of a kind follow a signal more often; ``part`` names a part of the history."""
    where = f"{part}, " if part else ""
    title = SIGNALS[signal].title
    text = f"{where}{kind}s follow {title} {{direction}} often than other bars"
    return Claim(_key(kind, "after", signal, part), text, Unit.POINTS, _words(kind, _MORE))


def rank_claim(kind: str) -> Claim:
    """The rank is higher before events; the effect is AUC less one half."""
    text = f"the escalation rank is {{direction}} before {kind}s than otherwise, by AUC less 0.5"
    return Claim(_key(kind, "after", "rank"), text, Unit.RATIO, _words(kind, ("higher", "lower")))


def alarm_claim(kind: str, signal: str) -> Claim:
    """Events follow the first bar of a run more often."""
    title = SIGNALS[signal].title
    text = f"{kind}s follow the first bar of {title} {{direction}} often than other bars"
    return Claim(_key(kind, "after-first", signal), text, Unit.POINTS, _words(kind, _MORE))


def warning_claim(kind: str, signal: str) -> Claim:
    """The signal is on before events begin more often than before other bars."""
    title = SIGNALS[signal].title
    text = f"{title} comes before {kind}s begin {{direction}} often than before other bars"
    return Claim(_key(signal, "before", kind), text, Unit.POINTS, _words(kind, _MORE))


def presence_claim(kind: str, signal: str) -> Claim:
    """The signal is on for more of the bars within the horizon before events; in bars."""
    title = SIGNALS[signal].title
    text = f"{title} is on for {{direction}} bars before {kind}s than before other bars"
    return Claim(
        _key(signal, "bars-before", kind), text, Unit.BARS, _words(kind, ("more", "fewer"))
    )


def lead_claim(kind: str, signal: str) -> Claim:
    """The last run of the signal began longer before events than before other bars."""
    title = SIGNALS[signal].title
    text = f"the last {title} before {kind}s begins {{direction}} than before other bars"
    return Claim(_key(signal, "lead", kind), text, Unit.BARS, ("earlier", "later"))


def _words(kind: str, directions: tuple[str, str]) -> tuple[str, ...]:
    return directions[:1] if kind == WIDE_BAR else directions


def _key(*words: str) -> str:
    return "-".join(filter(None, words)).replace(" ", "-")
