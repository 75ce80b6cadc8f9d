"""What a session hands on from one reader to the next, and what it reads again."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import one_lock, writing
from regime_platform.bar_store.session import (
    SymbolSession,
    keep,
    raw_listing,
    read_document,
    read_once,
)
from regime_platform.errors import BarsError, ConfigError
from regime_platform_tests.error_codes import raises

_reads: list[Path] = []


@read_once("splits")
def _read(paths: SymbolPaths) -> str:
    _reads.append(paths.splits)
    return paths.splits.read_text() if paths.splits.exists() else ""


@pytest.fixture
def session(tmp_path: Path) -> SymbolSession:
    _reads.clear()
    folder = tmp_path / "AAA"
    folder.mkdir()
    return SymbolSession(folder)


def test_a_document_is_read_once_while_its_file_is_the_same(session: SymbolSession) -> None:
    session.splits.write_text("first")

    assert [_read(session), _read(session)] == ["first", "first"]
    assert len(_reads) == 1


def test_a_replaced_document_is_read_again(session: SymbolSession, tmp_path: Path) -> None:
    session.splits.write_text("first")
    _read(session)
    other = tmp_path / "other"
    other.write_text("second")
    other.replace(session.splits)

    assert _read(session) == "second"


def test_a_missing_document_is_read_again_once_it_is_there(session: SymbolSession) -> None:
    assert [_read(session), _read(session)] == ["", ""]
    assert len(_reads) == 1
    session.splits.write_text("first")

    assert _read(session) == "first"


def test_a_written_document_is_not_read(session: SymbolSession) -> None:
    session.splits.write_text("first")
    keep(session, session.splits, "first")

    assert _read(session) == "first"
    assert not _reads


def test_without_a_session_every_call_reads(session: SymbolSession) -> None:
    paths = SymbolPaths(session.folder)

    assert [_read(paths), _read(paths)] == ["", ""]
    assert len(_reads) == 2


def test_an_error_is_not_kept(session: SymbolSession) -> None:
    session.splits.mkdir()
    with pytest.raises(IsADirectoryError):
        _read(session)
    session.splits.rmdir()

    assert _read(session) == ""


def test_a_raw_folder_is_listed_again_when_a_file_was_added(session: SymbolSession) -> None:
    assert raw_listing(session, "1day").files == ()
    folder = session.raw("1day")
    folder.mkdir(parents=True)
    name = "000001-20261120T220000Z-70b977b1.parquet"
    (folder / name).touch()

    assert raw_listing(session, "1day").names == (name,)
    assert raw_listing(session, "1day") is raw_listing(session, "1day")


def test_a_changed_listing_is_handed_on(session: SymbolSession) -> None:
    session.raw("1day").mkdir(parents=True)
    listing = raw_listing(SymbolPaths(session.folder), "1day")

    keep(session, listing.folder, listing)

    assert raw_listing(session, "1day") is listing


def test_one_lock_is_taken_by_the_first_writer_and_kept(session: SymbolSession) -> None:
    other = SymbolPaths(session.folder)
    with one_lock(session):
        with writing(other):  # free until the session writes
            pass
        with writing(session):
            pass
        with writing(session), raises(BarsError, "locked"), writing(other, timeout=0.1):
            pass
        with raises(BarsError, "locked"), writing(other, timeout=0.1):
            pass
    with writing(other):
        pass


def test_a_document_is_read_and_a_missing_file_is_none(tmp_path: Path) -> None:
    path, counts = tmp_path / "counts.json", TypeAdapter(dict[str, int])
    assert read_document(path, counts.validate_python, "fetch again", "counts-damaged") is None

    path.write_text('{"bars": 3}')

    assert read_document(path, counts.validate_python, "fetch again", "counts-damaged") == {
        "bars": 3
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "it is no JSON object: Expecting"),
        (b'{"bars": "\xff"}', "it is no JSON object: .*can't decode"),
        (b'{"bars": "many"}', "bars: Input should be a valid integer"),
        (b"[1]", "a JSON object was expected, not list"),
        (b"[" * 100_000, "it is nested too deeply"),
    ],
)
def test_a_damaged_document_is_named_with_its_remedy(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path, counts = tmp_path / "counts.json", TypeAdapter(dict[str, int])
    path.write_bytes(content)

    message = rf"counts\.json is damaged \({reason}.*\); fetch again"
    with raises(BarsError, "counts-damaged", match=message):
        read_document(path, counts.validate_python, "fetch again", "counts-damaged")


def test_a_folder_in_place_of_a_document_is_named(tmp_path: Path) -> None:
    with raises(ConfigError, "folder-in-place", match="move it away"):
        read_document(tmp_path, dict, "fetch again", "counts-damaged", ConfigError)
