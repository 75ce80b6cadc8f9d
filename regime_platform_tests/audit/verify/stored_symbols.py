"""Two symbols with results, what `verify` makes of them, and damage to their files."""

import datetime as dt

from regime_platform.audit.verify.verification import (
    FindingKind,
    Verification,
)
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW

SYMBOLS = ["AAA", "BBB"]
LATER = NOW + dt.timedelta(days=1)


def proof_of(settings: Settings, symbol: str = "AAA", *, recompute: bool = False) -> Verification:
    workspace = RunWorkspace.open(settings)
    return verify(workspace, workspace.universe.instrument(symbol), recompute=recompute)


def paths_of(settings: Settings) -> SymbolPaths:
    return RunWorkspace.open(settings).root.symbol("AAA")


def kinds(proof: Verification) -> set[FindingKind]:
    return {finding.kind for finding in proof.findings}


def flip_raw(paths: SymbolPaths) -> None:
    path = max(paths.raw("1day").iterdir())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
