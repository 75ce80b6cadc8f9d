"""Compiles the kernels with a message, because it takes half a minute once per machine."""

import time

from regime_platform.cli.console.screen import messages
from regime_platform.compute.engine import warm_up
from regime_platform.compute.kernels import kernels_are_compiled


def warm() -> bool:
    """Compiles the kernels if this machine has no compiled ones; True if it did."""
    if kernels_are_compiled():
        return False
    console = messages()
    text = "compiling the compute kernels, once per machine, about half a minute"
    console.print(text + ("" if console.is_terminal else " ..."))
    started = time.monotonic()
    with console.status("compiling"):
        warm_up()
    console.print(f"kernels compiled in {time.monotonic() - started:.0f} s")
    return True
