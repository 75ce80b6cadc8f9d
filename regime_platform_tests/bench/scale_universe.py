"""A universe of the size the platform is built for, with invented names: 58 core symbols on five
timeframes and 1,507 daily ones on two.

It exists for benchmarks and scale tests and is generated when asked for; no market stands behind
any symbol, and no vendor would know one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.text import entry_text
from regime_platform.model.universe.universe import Universe


@dataclass(frozen=True)
class _Kind:
    asset_class: str
    prefix: str
    type: str  # the vendor's word
    mic_code: str = ""
    quote: str = ""  # second half of a pair's provider symbol


_PAIR = "Physical Currency"
_CORE = (
    # how many of each per turn roughly mirrors what desks follow: indices first, then pairs
    _Kind("US_EQUITY_INDEX", "IX", "ETF", mic_code="ARCX"),
    _Kind("US_MEGA_CAP", "MC", "Common Stock", mic_code="XNGS"),
    _Kind("FX", "FX", _PAIR, quote="USD"),
    _Kind("US_EQUITY_INDEX", "SX", "ETF", mic_code="ARCX"),
    _Kind("CRYPTO", "CR", "Digital Currency", quote="USD"),
    _Kind("FIXED_INCOME", "FI", "ETF", mic_code="XNAS"),
    _Kind("COMMODITY_METALS", "ME", "Precious Metal", quote="USD"),
    _Kind("COMMODITY_ENERGY", "EN", "Commodity", quote="USD"),
)
_DAILY = (
    _Kind("US_EQUITY", "NY", "Common Stock", mic_code="XNYS"),
    _Kind("US_EQUITY", "NQ", "Common Stock", mic_code="XNGS"),
    _Kind("US_EQUITY", "NC", "Common Stock", mic_code="XNCM"),
)


def scale_universe(core: int = 58, daily: int = 1507) -> str:
    """The YAML text of a universe of ``core + daily`` invented symbols; always the same text."""
    entries = [
        *_entries(_CORE, "core", core),
        *_entries(_DAILY, "daily", daily),
    ]
    Universe(tuple(entries))  # refuses what the loader would refuse
    head = "# Invented symbols for benchmarks and scale tests; no market stands behind them.\n"
    return head + "instruments:\n" + "".join(f"  - {entry_text(entry)}\n" for entry in entries)


def _entries(kinds: tuple[_Kind, ...], tier: str, count: int) -> Iterator[Instrument]:
    for position in range(count):
        kind = kinds[position % len(kinds)]
        symbol = f"{kind.prefix}{position // len(kinds):03d}"
        provider = f"{symbol}/{kind.quote}" if kind.quote else symbol
        yield Instrument(
            symbol=symbol,
            name=f"Invented {kind.asset_class} {position + 1}",
            asset_class=kind.asset_class,
            tier=tier,
            source="twelvedata",
            mic_code=kind.mic_code,
            provider_symbol=provider,
            type=kind.type,
        )
