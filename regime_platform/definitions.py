"""The definitions that Dagster loads; importing this module builds nothing."""

import atexit
import gc
import os

# before the other imports: they create half a million objects, none of them garbage, and Python's
# own threshold of 700 makes the search for some a seventh of the start of every process
gc.set_threshold(20_000)

import dagster as dg

from regime_platform.orchestration.build import build_definitions
from regime_platform.redaction import clean_logs
from regime_platform.settings import Settings


@dg.definitions
def defs() -> dg.Definitions:
    """Everything that the UI, the daemon and the command lines see."""
    clean_logs()
    atexit.register(_silence)
    return build_definitions(Settings())


def _silence() -> None:
    """A code server ends beside threads that use duckdb, whose bindings print that as leaks."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
