"""`regime warm`: compiles the kernels in advance."""

from regime_platform.cli.console import kernels
from regime_platform.cli.console.output import Output


def warm(out: Output) -> None:
    was_compiled = not kernels.warm()
    out.document({"is_compiled": True, "was_compiled": was_compiled})
    if was_compiled:
        out.note("kernels are already compiled")
