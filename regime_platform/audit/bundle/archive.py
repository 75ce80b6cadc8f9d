"""Opens a bundle, whose names and sizes are not trusted: it may come from anywhere.

Members are read into memory by the names of the index, and no name of the archive ever becomes a
path. The index is read first and bounds what is read of every other member; an archive that has
other members than its index lists is refused before anything else of it is opened.
"""

import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from regime_platform.errors import BarsError
from regime_platform.files import why_unsafe
from regime_platform.json_text import load_json
from regime_platform.model.document import Array, Document, first_fault
from regime_platform.regular_files import require_regular

BUNDLE_VERSION = 1
#: Names every file of a bundle.
INDEX = "bundle.json"
#: Bytes of a file; the results of a symbol take a tenth of it.
_LARGEST_FILE = 1024**3
#: Bytes; an index of 1,600 symbols with twenty years of intraday bars each takes a third of it.
_LARGEST_INDEX = 64 * 1024**2
#: Bytes; all symbols with their whole histories take a hundredth of it.
_LARGEST_BUNDLE = 1024**4
_SNAPSHOT = re.compile(r"snapshots/manifest_\d{4}-\d{2}-\d{2}(\.\d+)?\.json")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

#: What reading a damaged archive ends in.
UNREADABLE_ARCHIVE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError),
    *(OSError, KeyError, ValueError),
)


class ListedFile(Document, extra="ignore"):
    """One file of a bundle."""

    bytes: Annotated[int, Field(ge=0, le=_LARGEST_FILE)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class BundleIndex(Document, extra="ignore"):
    """bundle.json: the snapshot of a bundle, and every file in it."""

    bundle_version: int = BUNDLE_VERSION
    snapshot: str  # the name of its file
    snapshot_digest: str
    rebuilt: Array[str]  # symbols that had changed since and were made again as of the snapshot
    files: dict[str, ListedFile]


def listed_file(data: bytes) -> ListedFile:
    """The entry of a file with these bytes."""
    return ListedFile(bytes=len(data), sha256=sha256(data).hexdigest())


@dataclass(frozen=True)
class BundleArchive:
    """An archive whose members are those of its index, each read no further than that allows."""

    archive: zipfile.ZipFile
    index: BundleIndex

    def read(self, name: str) -> bytes:
        """The bytes of one file of the index.

        Raises:
            ValueError: it is missing, or not the file that was exported.
            UNREADABLE_ARCHIVE: it is damaged.
        """
        try:
            listed, member = self.index.files[name], self.archive.getinfo(name)
        except KeyError as error:
            raise ValueError(f"{name} is missing") from error
        data = _content(self.archive, member) if member.file_size == listed.bytes else b""
        if listed_file(data) != listed:
            raise ValueError(f"{name} is not the file that was exported")
        return data

    def names_below(self, folder: str) -> list[str]:
        """The files of the index in a folder, in order."""
        return sorted(name for name in self.index.files if name.startswith(f"{folder}/"))


@contextmanager
def opened_bundle(path: Path) -> Iterator[BundleArchive]:
    """Opens a bundle whose index is whole and names all that is in it; else BarsError."""
    try:
        require_regular(path, _LARGEST_BUNDLE)
        archive = zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise BarsError(
            f"{path} does not exist; name a bundle of `regime snapshot export`",
            code="no-such-bundle",
        ) from error
    except UNREADABLE_ARCHIVE as error:
        raise bundle_error(path, f"{type(error).__name__}: {error}") from error
    with archive:
        try:
            _require_plain(archive.infolist(), path.stat().st_size)
            index = _index(archive)
            unlisted = sorted(set(archive.namelist()) - {INDEX, *index.files})
            if unlisted:
                raise ValueError(f"{unlisted[0]!a:.200} is not in the index")
        except UNREADABLE_ARCHIVE as error:
            raise bundle_error(path, f"{type(error).__name__}: {error}") from error
        yield BundleArchive(archive, index)


def bundle_error(path: Path, reason: str) -> BarsError:
    """The error for a file that is not what `regime snapshot export` writes."""
    return BarsError(
        f"{path} is no bundle, or a damaged one ({reason}); nothing of it was used: have it "
        "exported and sent again",
        code="bundle-damaged",
    )


def parsed_json(data: bytes) -> Any:
    """Parsed JSON; ValueError where it repeats a name, which two readers could take otherwise."""
    return load_json(data, _once)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("it names something twice")
    return document


def _require_plain(members: Sequence[zipfile.ZipInfo], size: int) -> None:
    """Plain files under plain names, each once, which together are no more than the archive."""
    names = [member.filename for member in members]
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise ValueError(f"{repeated[0]!a:.200} is in it twice")
    if sum(member.compress_size for member in members) > size:
        raise ValueError("its members overlap")
    for member in members:
        name = member.orig_filename  # the other one ends where a NUL is
        reason = why_unsafe(name) or _why_not_plain(member)
        if reason:
            raise ValueError(f"the name {name!a:.200} {reason}")


def _why_not_plain(member: zipfile.ZipInfo) -> str:
    mode = member.external_attr >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        return "is no plain file"
    if member.flag_bits & 1:
        return "is encrypted"
    return "" if member.compress_type in _METHODS else "is compressed by another method"


def _index(archive: zipfile.ZipFile) -> BundleIndex:
    member = archive.getinfo(INDEX)
    if member.file_size > _LARGEST_INDEX:
        raise ValueError(f"{INDEX} has {member.file_size:,} bytes, at most {_LARGEST_INDEX:,}")
    document = parsed_json(_content(archive, member))
    version = document.get("bundle_version") if isinstance(document, dict) else None
    if version != BUNDLE_VERSION:
        raise ValueError(f"version {version!a:.20}, expected {BUNDLE_VERSION}")
    try:
        index = BundleIndex.model_validate(document)
    except ValidationError as error:
        raise ValueError(f"{INDEX}: {first_fault(error)}") from error
    if not _SNAPSHOT.fullmatch(index.snapshot) or index.snapshot not in index.files:
        raise ValueError(f"{INDEX}: {index.snapshot!a:.200} is no snapshot among its files")
    return index


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The content of a member, cut off at the size that its header states."""
    with archive.open(member) as stream:
        return stream.read(member.file_size)
