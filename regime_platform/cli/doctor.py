"""The command that looks whether everything is in order, and says what to do where it is not."""

from typing import Annotated

import typer

from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED
from regime_platform.cli.options import Json, Now


def doctor(
    live: Annotated[
        bool, typer.Option("--live", help="Also ask the vendor what only it can tell; 10 credits.")
    ] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Check settings, data root, universe, eras, sources, kernels; changes nothing itself."""
    from dataclasses import asdict

    from regime_platform.cli.choice_health import choice_findings
    from regime_platform.cli.clock import moment
    from regime_platform.cli.health import findings
    from regime_platform.cli.screen import print_json, print_table, styled
    from regime_platform.cli.vendor_health import credit_findings, live_findings
    from regime_platform.settings import Settings

    settings, at = Settings(), moment(now)
    found = [*findings(settings), *choice_findings(settings), *credit_findings(settings, at)]
    if live:
        found += live_findings(settings, at)
    is_well = all(one.status != "wrong" for one in found)
    if as_json:
        print_json({"is_well": is_well, "checks": [asdict(one) for one in found]})
    else:
        rows = [(one.name, styled(one.status), one.told()) for one in found]
        print_table(("check", "status", "found"), rows, folding=("found",))
    raise typer.Exit(ALL_GOOD if is_well else NOTHING_SUCCEEDED)
