"""Scripts and styles of pages: in each page, or once beside the pages that share them.

They are the files of ``static/`` and the library that draws charts, which is read from an installed
package. The digest of a shared file is in its name: pages of two releases in a folder each load
what they were written for, and a browser may keep the files for good.
"""

from functools import cache
from hashlib import sha256
from importlib.metadata import distribution
from importlib.resources import files as package_files
from pathlib import Path, PurePosixPath

from markupsafe import Markup

from regime_platform.files import write_text

#: The name of the library among the assets; the package that has it is never imported.
CHART_LIBRARY = "lightweight-charts.js"
FOLDER = "static"  # beside the pages
_PACKAGE = "litecharts"
_HERE = package_files("regime_platform.report").joinpath(FOLDER)


def shared(folder: Path, *names: str) -> Markup:
    """The elements that load these assets into a page of ``folder``, where they are written.

    Raises:
        PackageNotFoundError: the extra ``charts`` is not installed, which has the library.
    """
    elements = Markup()
    for name in names:
        asset = PurePosixPath(name)
        address = f"{FOLDER}/{asset.stem}-{digest(name)[:12]}{asset.suffix}"
        if not (folder / address).exists():
            write_text(folder / address, text(name))
        elements += _element(name, Markup(), address)
    return elements


def inlined(*names: str) -> Markup:
    """The elements with the whole text of these assets, for a page that stands alone.

    Raises:
        PackageNotFoundError: the extra ``charts`` is not installed, which has the library.
    """
    # no text in them ends their element
    safe = (text(name).replace("</script", "<\\/script") for name in names)
    pairs = zip(names, safe, strict=True)
    return Markup().join(_element(name, Markup(body)) for name, body in pairs)  # noqa: S704 - ours


def text(name: str) -> str:
    """The text of an asset.

    Raises:
        PackageNotFoundError: the extra ``charts`` is not installed, which has the library.
    """
    if name == CHART_LIBRARY:
        path = distribution(_PACKAGE).locate_file(f"{_PACKAGE}/js/{CHART_LIBRARY}")
        return Path(str(path)).read_text(encoding="utf-8")
    return _HERE.joinpath(name).read_text(encoding="utf-8")


@cache
def digest(*names: str) -> str:
    """The SHA-256 hex of the texts of these assets, one after the other."""
    return sha256("".join(map(text, names)).encode()).hexdigest()


def _element(name: str, body: Markup, address: str = "") -> Markup:
    if name.endswith(".js"):
        source = Markup(' src="{}"').format(address) if address else Markup()
        return Markup("<script{}>{}</script>\n").format(source, body)
    if address:
        return Markup('<link rel="stylesheet" href="{}">\n').format(address)
    return Markup("<style>{}</style>\n").format(body)
