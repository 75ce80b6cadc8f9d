"""The definitions that Dagster loads; importing this module builds nothing."""

import dagster as dg

from regime_platform.orchestration.build import build_definitions
from regime_platform.redaction import clean_logs
from regime_platform.settings import Settings


@dg.definitions
def defs() -> dg.Definitions:
    """Everything that the UI, the daemon and the command lines see."""
    clean_logs()
    return build_definitions(Settings())
