"""A data root with every kind of file that a symbol's folder can have, and all of it proven."""

import datetime as dt
from fractions import Fraction
from pathlib import Path

from regime_platform.bars import rewrites
from regime_platform.bars.acquisition import proven_coverage, write_coverage
from regime_platform.bars.factor_file import keep_factors
from regime_platform.bars.identity_file import SAME, write_identities
from regime_platform.bars.price_factors import Step
from regime_platform.bars.splits import Split
from regime_platform.compute.era_files import EraSetFile
from regime_platform.compute.eras import EraSet, tiling_eras
from regime_platform.model.identity import Identity, KnownIdentity
from regime_platform.model.series import iso
from regime_platform.pipeline.decisions import Statement, accept, exclude, undo
from regime_platform.pipeline.eras import adopt, keep_era_set
from regime_platform.pipeline.outcomes import WalkOutcome
from regime_platform.pipeline.platform import open_platform
from regime_platform.pipeline.proof import Proof
from regime_platform.pipeline.renaming import rename
from regime_platform.pipeline.verify import verify
from regime_platform.pipeline.walk import walk_symbol
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.street import serve, street, with_value

SYMBOL, FORMER = "META", "FB"
BAD = 300  # the row of the bar that a person keeps out
BARS = with_value(make_bars(440), BAD, low=1e6)
LATER, LAST = NOW + dt.timedelta(days=1), NOW + dt.timedelta(days=5)
SAID = Statement("a low above the high", "ann", NOW)


def make_rich(folder: Path) -> Settings:
    """META, once FB: decisions, one withdrawn, rejected rows, splits, factors, identity, eras."""
    settings = street(folder, [FORMER])
    for symbol in (FORMER, SYMBOL):
        serve(settings, symbol, "1day", BARS.head(430))
    root = open_platform(settings).root
    eras = EraSet("mine", dt.date(2020, 1, 1), {"EQUITIES_US": tiling_eras((dt.date(2013, 1, 1),))})
    keep_era_set(root, EraSetFile(eras, {"EQUITIES_US": {}}))
    adopt(root, "mine", since=NOW, by="ann", reason="a test")
    run_rich(settings, NOW, FORMER)
    instrument = open_platform(settings).universe.instrument(FORMER)
    exclude(root, instrument, "1day", BARS["ts"][BAD], SAID)
    accept(root, instrument, "1day", BARS["ts"][5], SAID)
    undo(root, instrument, 2, SAID)
    paths = root.symbol(FORMER)
    split = Split(Fraction(2), 2, BARS["ts"][0], BARS["ts"][1], 0.0, None)
    rewrites.note(paths, ["1day"], split, seen_on="1day", seen_at=NOW)
    instrument_there = Identity("twelvedata", {"provider_symbol": FORMER, "mic_code": "XNGS"})
    record = KnownIdentity(instrument_there, iso(NOW), SAME, "ann", "the listing moved")
    write_identities(paths, [record])
    keep_factors(paths, "1h", [Step(dt.date(2012, 3, 1), Fraction(2), {"2012-03-01": 2.0})], {})
    run_rich(settings, NOW, FORMER)
    rename(settings, FORMER, {"symbol": SYMBOL}, NOW)
    instrument = open_platform(settings).universe.instrument(SYMBOL)
    paths = root.symbol(SYMBOL)
    write_coverage(paths, "1day", proven_coverage(paths, instrument, "1day", NOW))
    run_rich(settings, NOW)
    return settings


def run_rich(settings: Settings, now: dt.datetime = LATER, symbol: str = SYMBOL) -> WalkOutcome:
    """A run over the symbol."""
    platform = open_platform(settings)
    return walk_symbol(platform, platform.universe.instrument(symbol), now)


def proof_of_rich(settings: Settings, symbol: str = SYMBOL) -> Proof:
    """What `verify` says of the symbol."""
    platform = open_platform(settings)
    return verify(platform, platform.universe.instrument(symbol))
