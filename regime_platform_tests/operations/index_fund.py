"""An instrument to add to a universe."""

from regime_platform.model.instruments import Instrument

SPY = Instrument(
    symbol="SPY", name="An index fund", asset_class="US_EQUITY_INDEX", tier="core", source="files"
)
