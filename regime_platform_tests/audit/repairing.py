"""A repair of the symbol that conftest processes."""

import datetime as dt

from regime_platform.audit.repair import RepairOutcome, repair
from regime_platform.audit.repair_plan import plan_repair
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.conftest import NOW

LATER = NOW + dt.timedelta(days=1)


def paths_of(workspace: RunWorkspace) -> SymbolPaths:
    return workspace.root.symbol("AAA")


def repaired(workspace: RunWorkspace, now: dt.datetime = LATER) -> RepairOutcome:
    (instrument,) = workspace.universe.instruments
    return repair(workspace, instrument, plan_repair(workspace, instrument), now)
