"""Who is asked for news: everybody but the delisted."""

from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.outcomes import IngestOutcome, Status


def not_polled(instrument: Instrument) -> IngestOutcome | None:
    """The outcome of fetching a delisted instrument: nothing, and why; None for all others."""
    if instrument.is_polled:
        return None
    reason = f"delisted since {instrument.delisted}: source {instrument.source} is not asked"
    return IngestOutcome(instrument.symbol, Status.UNCHANGED, (), reason)


def can_bring_news(instrument: Instrument) -> bool:
    """False for the delisted, and for the bars that ship with the package and never change."""
    return instrument.is_polled and instrument.source != "sample"
