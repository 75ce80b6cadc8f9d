"""`regime doctor`: checks of the installation, with a remedy for every fault."""

from typing import Annotated

import typer

from regime_platform.cli.console.options import Json, Now
from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED


def doctor(
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Also query the vendor for its limits and listings; 10 credits."
        ),
    ] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Check settings, data root, universe, eras, sources and kernels; changes nothing."""
    from dataclasses import asdict

    from regime_platform.cli.console.clock import moment
    from regime_platform.cli.console.screen import print_json, print_table, styled
    from regime_platform.cli.operations.choice_health import choice_checks
    from regime_platform.cli.operations.health import installation_checks
    from regime_platform.cli.operations.vendor_health import credit_checks, live_checks
    from regime_platform.settings import Settings

    settings, at = Settings(), moment(now)
    checks = [
        *installation_checks(settings),
        *choice_checks(settings),
        *credit_checks(settings, at),
    ]
    if live:
        checks += live_checks(settings, at)
    is_well = all(check.status != "wrong" for check in checks)
    if as_json:
        print_json({"is_well": is_well, "checks": [asdict(check) for check in checks]})
    else:
        rows = [(check.name, styled(check.status), check.text()) for check in checks]
        print_table(("check", "status", "detail"), rows, folding=("detail",))
    raise typer.Exit(ALL_GOOD if is_well else NOTHING_SUCCEEDED)
