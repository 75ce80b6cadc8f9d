"""Compiles the kernels with a message, because it takes half a minute once per machine."""

import time


def warm() -> bool:
    """Compiles the kernels if this machine has no compiled ones; True if it did."""
    from regime_platform.cli.console.screen import messages
    from regime_platform.compute.kernels import kernels_are_compiled
    from regime_platform.pipeline.compute.compute import warm_kernels

    if kernels_are_compiled():
        return False
    console = messages()
    text = "compiling the compute kernels, once per machine, about half a minute"
    console.print(text + ("" if console.is_terminal else " ..."))
    started = time.monotonic()
    with console.status("compiling"):
        warm_kernels()
    console.print(f"kernels compiled in {time.monotonic() - started:.0f} s")
    return True


def warm_command() -> None:
    """Compile the compute kernels in advance, once per machine."""
    from regime_platform.cli.console.screen import messages

    if not warm():
        messages().print("kernels are already compiled")
