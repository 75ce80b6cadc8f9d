"""What a page was made from, so that an unchanged page is recognised without drawing it.

The digest stands in the page itself. It covers the manifests of the symbol, its line of the
universe, the eras in force and the code and libraries that draw.
"""

import re
from functools import cache
from importlib.metadata import version
from importlib.resources import files as package_files
from pathlib import Path

from regime_platform.files import file_sha256
from regime_platform.model.digests import facts_digest
from regime_platform.model.instruments import Instrument
from regime_platform.report.reading import ChartWorkspace


def page_origin(workspace: ChartWorkspace, instrument: Instrument) -> str:
    """The digest of everything that shapes the page."""
    paths = workspace.root.symbol(instrument.symbol)
    inputs = (paths.verdict, paths.manifest, paths.compute_manifest)
    return facts_digest(
        {
            "instrument": instrument.facts(),
            "eras": workspace.eras.version,
            "inputs": [file_sha256(one) if one.exists() else None for one in inputs],
            "code": _code(),
        }
    )


def recorded_origin(page: Path) -> str | None:
    """The digest that a page carries; None where there is no page."""
    try:
        with page.open(encoding="utf-8") as stream:
            head = stream.read(1000)
    except FileNotFoundError:
        return None
    found = re.search(r'name="made-from" content="([0-9a-f]+)"', head)
    return found and found[1]


@cache
def _code() -> str:
    sources = sorted(package_files("regime_platform.report").iterdir(), key=lambda path: path.name)
    texts = [source.read_text(encoding="utf-8") for source in sources if source.is_file()]
    versions = [version(name) for name in ("altair", "vl-convert-python")]
    return facts_digest({"versions": versions, "sources": texts})
