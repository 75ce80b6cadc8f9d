"""A data root with every kind of file that a symbol's folder can have, and all of it proven."""

import datetime as dt
from fractions import Fraction
from pathlib import Path

from regime_platform.audit.repair import RepairOutcome, repair
from regime_platform.audit.repair_plan import plan_repair
from regime_platform.audit.verify.verification import Verification
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.actions_file import ACTIONS
from regime_platform.bar_store.basis_files import BasisRecord, note_basis, write_factors
from regime_platform.bar_store.identity_file import IDENTITIES
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.acquisition import proven_coverage, write_coverage
from regime_platform.compute.eras.eras import EraSet, tiling_eras
from regime_platform.compute.eras.files import EraSetFile
from regime_platform.model.actions import Action, ActionKind
from regime_platform.model.identity import Because, Identity, KnownIdentity
from regime_platform.model.instants import iso
from regime_platform.operations.era_sets import adopt, store_era_set
from regime_platform.operations.overrides import Span, Statement, accept, exclude, undo
from regime_platform.operations.renames import rename
from regime_platform.pipeline.outcomes import SymbolOutcome
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.revisions.basis_changes import BasisChange
from regime_platform.revisions.price_factors import Adjustment
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import serve, street, with_value

SYMBOL, FORMER = "META", "FB"
BAD = 300  # the row of the bar that a person keeps out
BARS = with_value(make_bars(440), BAD, low=1e6)
LATER, LAST = NOW + dt.timedelta(days=1), NOW + dt.timedelta(days=5)
SAID = Statement("a low above the high", "ann", NOW)


def make_rich(folder: Path) -> Settings:
    """META, once FB: decisions, one withdrawn, rejected rows, splits, factors, actions, eras."""
    # one timeframe is not served, so that there is a record of it
    settings = street(folder, [FORMER], timeframes=("15min", "1day"))
    for symbol in (FORMER, SYMBOL):
        serve(settings, symbol, "1day", BARS.head(430))
    root = RunWorkspace.open(settings).root
    eras = EraSet("mine", dt.date(2020, 1, 1), {"EQUITIES_US": tiling_eras((dt.date(2013, 1, 1),))})
    store_era_set(root, EraSetFile(eras, {"EQUITIES_US": {}}))
    adopt(root, "mine", since=NOW, by="ann", reason="a test")
    run_rich(settings, NOW, FORMER)
    instrument = RunWorkspace.open(settings).universe.instrument(FORMER)
    exclude(root, instrument, Span("1day", BARS["ts"][BAD]), SAID)
    accept(root, instrument, Span("1day", BARS["ts"][5]), SAID)
    undo(root, instrument, 2, SAID)
    paths = root.symbol(FORMER)
    split = BasisChange(
        ratio=Fraction(2),
        bars=2,
        first=BARS["ts"][0],
        last=BARS["ts"][1],
        deviation=0.0,
        same_from=None,
    )
    seen = BasisRecord(
        timeframe="1day", ratio=split.ratio, seen_at=NOW, seen_on="1day", evidence=split
    )
    note_basis(paths, seen)
    instrument_there = Identity.model_validate(
        {"source": "twelvedata", "provider_symbol": FORMER, "mic_code": "XNGS"}
    )
    record = KnownIdentity(
        identity=instrument_there,
        since=iso(NOW),
        because=Because.SAME,
        by="ann",
        reason="the listing moved",
    )
    IDENTITIES.write(paths, [record])
    declared = Action(
        id=1,
        kind=ActionKind.SPLIT,
        date=dt.date(2012, 3, 1),
        ratio=Fraction(2),
        reason="a test",
        by="ann",
        at=NOW,
    )
    ACTIONS.write(paths, [declared])
    write_factors(
        paths,
        "1h",
        [Adjustment(until=dt.date(2012, 3, 1), ratio=Fraction(2), evidence={"2012-03-01": 2.0})],
        {},
    )
    run_rich(settings, NOW, FORMER)
    rename(settings, FORMER, {"symbol": SYMBOL}, NOW)
    instrument = RunWorkspace.open(settings).universe.instrument(SYMBOL)
    paths = root.symbol(SYMBOL)
    write_coverage(paths, "1day", proven_coverage(paths, instrument, "1day", NOW))
    run_rich(settings, NOW)
    return settings


def run_rich(settings: Settings, now: dt.datetime = LATER, symbol: str = SYMBOL) -> SymbolOutcome:
    """A run over the symbol."""
    workspace = RunWorkspace.open(settings)
    return run_symbol(workspace, workspace.universe.instrument(symbol), now)


def proof_of_rich(settings: Settings, symbol: str = SYMBOL) -> Verification:
    """What `verify` says of the symbol."""
    workspace = RunWorkspace.open(settings)
    return verify(workspace, workspace.universe.instrument(symbol))


def paths_of_rich(settings: Settings) -> SymbolPaths:
    """The files of the symbol."""
    return RunWorkspace.open(settings).root.symbol(SYMBOL)


def repair_rich(settings: Settings) -> RepairOutcome:
    """A repair of the symbol as it is planned."""
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument(SYMBOL)
    return repair(workspace, instrument, plan_repair(workspace, instrument), LATER)
