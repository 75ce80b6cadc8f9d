"""verdict.json on disk: what the gate found, and the pointer to the canonical bars in force."""

from regime_platform.bars.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.files import read_json, write_json
from regime_platform.validation.verdict import Verdict


def read_verdict(paths: SymbolPaths) -> Verdict | None:
    """The verdict in force; None where the symbol was never judged.

    Raises:
        BarsError: the file is damaged; names it.
    """
    facts = read_json(paths.verdict)
    if facts is None:
        return None
    try:
        return Verdict.from_facts(facts)
    except BarsError as error:
        raise BarsError(f"{paths.verdict}: {error}") from error


def write_verdict(paths: SymbolPaths, verdict: Verdict) -> None:
    """Puts a verdict in force; hold the lock."""
    write_json(paths.verdict, verdict.facts())
