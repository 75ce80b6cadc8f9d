"""Compiling the kernels, announced: half a minute once per machine must not look like a hang."""

import time


def warm() -> bool:
    """Compiles the kernels where this machine does not hold them yet; True if it had to."""
    from regime_platform.cli.screen import messages
    from regime_platform.compute.jit import kernels_are_compiled
    from regime_platform.pipeline.derive import warm_kernels

    if kernels_are_compiled():
        return False
    console = messages()
    text = "compiling the compute kernels, once per machine: about half a minute"
    console.print(text + ("" if console.is_terminal else " ..."))
    started = time.monotonic()
    with console.status("compiling"):
        warm_kernels()
    console.print(f"kernels compiled in {time.monotonic() - started:.0f} s")
    return True


def warm_command() -> None:
    """Compile the compute kernels now, so that no later command has to."""
    from regime_platform.cli.screen import messages

    if not warm():
        messages().print("kernels are compiled")
