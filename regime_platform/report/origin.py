"""The digest of everything that a page is made from, which shows whether it is up to date.

The digest is stored in the page itself. It covers the manifests of the symbol, its line of the
universe, the eras in force and the code and libraries that draw.
"""

import re
from functools import cache
from importlib.metadata import version
from importlib.resources import files as package_files
from pathlib import Path

from regime_platform.files import file_sha256
from regime_platform.model.digests import document_digest
from regime_platform.model.instruments import Instrument
from regime_platform.report.reading import ChartWorkspace


def page_origin(workspace: ChartWorkspace, instrument: Instrument) -> str:
    """The digest of all inputs of the page."""
    paths = workspace.root.symbol(instrument.symbol)
    inputs = (paths.verdict, paths.manifest, paths.compute_manifest)
    return document_digest(
        {
            "instrument": instrument.model_dump(mode="json"),
            "eras": workspace.eras.version,
            "inputs": [file_sha256(path) if path.exists() else None for path in inputs],
            "code": _code(),
        }
    )


def recorded_origin(page: Path) -> str | None:
    """The digest stored in a page; None where there is no page."""
    try:
        with page.open(encoding="utf-8") as stream:
            head = stream.read(1000)
    except FileNotFoundError:
        return None
    match = re.search(r'name="made-from" content="([0-9a-f]+)"', head)
    return match and match[1]


@cache
def _code() -> str:
    sources = sorted(package_files("regime_platform.report").iterdir(), key=lambda path: path.name)
    texts = [path.read_text(encoding="utf-8") for path in sources if path.is_file()]
    versions = [version(name) for name in ("altair", "vl-convert-python")]
    return document_digest({"versions": versions, "sources": texts})
