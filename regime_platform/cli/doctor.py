"""The command that looks whether everything is in order, and says what to do where it is not."""

from typing import Annotated

import typer

from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check settings, data root, universe, sources, kernels and versions; changes nothing."""
    from dataclasses import asdict

    from regime_platform.cli.health import findings
    from regime_platform.cli.screen import print_json, print_table, styled
    from regime_platform.settings import Settings

    found = findings(Settings())
    is_well = all(one.status != "wrong" for one in found)
    if as_json:
        print_json({"is_well": is_well, "checks": [asdict(one) for one in found]})
    else:
        rows = [(one.name, styled(one.status), one.told()) for one in found]
        print_table(("check", "status", "found"), rows, folding=("found",))
    raise typer.Exit(ALL_GOOD if is_well else NOTHING_SUCCEEDED)
