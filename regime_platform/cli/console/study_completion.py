"""Names of studies that the shell completes."""

from regime_platform.studies.catalog import STUDIES


def studies(incomplete: str) -> list[str]:
    """The studies whose names begin so."""
    return [name for name in STUDIES if name.startswith(incomplete)]
