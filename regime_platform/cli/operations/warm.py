"""`regime warm`: compiles the kernels in advance, and removes those of other versions."""

import datetime as dt

from regime_platform.cli.console import kernels
from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.output import Output
from regime_platform.cli.console.screen import plural
from regime_platform.kernel_cache import kernel_cache

_KEPT = dt.timedelta(days=30)  # another checkout may use them, and would compile for half a minute


def warm(clock: Clock, out: Output) -> None:
    was_compiled = not kernels.warm()
    removed = kernel_cache().remove_outdated(clock.moment() - _KEPT)
    out.document(
        {
            "is_compiled": True,
            "was_compiled": was_compiled,
            "removed": [str(folder) for folder in removed],
        }
    )
    if was_compiled:
        out.note("kernels are already compiled")
    if removed:
        versions = plural(len(removed), "other version")
        out.note(f"kernels of {versions} removed from {removed[0].parent}")
