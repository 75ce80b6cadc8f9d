"""Whatever a bundle from elsewhere says: it is refused or not proven, and no file is touched."""

import json
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from regime_platform.audit.bundle.verify import BundleVerification, verify_bundle
from regime_platform.cli.main import main
from regime_platform.errors import BarsError
from regime_platform_tests.audit.bundle.crafted_bundles import (
    RESULTS,
    SNAPSHOT,
    SYMBOL,
    SYMLINK,
    ZEROS,
    Craft,
    Crafted,
)
from regime_platform_tests.error_codes import raises


def _member(name: str, data: bytes = b"x", attributes: int = 0) -> Craft:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = attributes
    return lambda crafted, _: crafted.extra.append((entry, data))


def _listed(name: str) -> Craft:
    return lambda crafted, _: crafted.replace(name, b"x")


def _index(change: Callable[[dict[str, Any]], Any]) -> Craft:
    return lambda crafted, _: change(crafted.index)


def _raw_index(change: Callable[[bytes], bytes]) -> Craft:
    def craft(crafted: Crafted, _: Path) -> None:
        crafted.raw_index = change(json.dumps(crafted.index).encode())

    return craft


@pytest.mark.parametrize(
    ("craft", "reason"),
    [
        (_member("assets/AAA/more.json"), "'assets/AAA/more.json' is not in the index"),
        (_listed("assets/AAA/bars/1day/../../../../x"), "holds an empty part"),
        (_listed("/etc/cron.d/x"), "'/etc/cron.d/x' is absolute"),
        (_listed("C:/x"), "'C:/x' names a drive"),
        (_listed("assets\\..\\x"), "holds a backslash"),
        (_listed("assets/\x1b[2J"), "holds control characters"),
        (_member("link", b"/etc/passwd", SYMLINK), "'link' is no plain file"),
        (_member("folder/"), "holds an empty part"),
        (_raw_index(lambda data: data[: len(data) // 2]), "JSONDecodeError"),
        (_raw_index(lambda _: b"[]"), "version None, expected 1"),
        (_raw_index(lambda _: b"[" * 100_000), "nested too deeply"),
        (_raw_index(lambda data: data[:-1] + b', "files": {}}'), "names something twice"),
        (_raw_index(lambda data: data + b" " * len(ZEROS)), "at most 67,108,864"),
        (_index(lambda index: index.update(bundle_version=2)), "version 2, expected 1"),
        (_index(lambda index: index.update(files=[])), "files: Input should be a valid dict"),
        (_index(lambda index: index.pop("rebuilt")), "rebuilt: Field required"),
        (_index(lambda index: index.update(snapshot="../x.json")), "'../x.json' is no snapshot"),
        (_index(lambda index: index["files"].pop(SNAPSHOT)), "is no snapshot among its files"),
        (_index(lambda index: index["files"][RESULTS].update(bytes=-1)), "greater than or equal"),
        (_index(lambda index: index["files"][RESULTS].update(bytes=2**40)), "less than or equal"),
        (_index(lambda index: index["files"][RESULTS].update(sha256="x")), "should match pattern"),
    ],
)
def test_an_index_that_is_not_whole_ends_it_all(
    proven: Callable[[Craft], BundleVerification], craft: Craft, reason: str
) -> None:
    with raises(BarsError, "bundle-damaged") as refusal:
        proven(craft)

    assert reason in str(refusal.value)
    assert "have it exported and sent again" in str(refusal.value)


def test_a_member_that_is_there_twice_is_refused(
    proven: Callable[[Craft], BundleVerification],
) -> None:
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        raises(BarsError, "bundle-damaged", match=RESULTS),
    ):
        proven(_member(RESULTS))


def test_a_member_that_unpacks_to_more_than_the_index_says_is_not_unpacked(
    proven: Callable[[Craft], BundleVerification],
) -> None:
    def bomb(crafted: Crafted, _: Path) -> None:
        crafted.files[RESULTS] = ZEROS

    tracemalloc.start()
    proof = proven(bomb)

    assert tracemalloc.get_traced_memory()[1] < len(ZEROS) // 2
    tracemalloc.stop()
    assert ("", RESULTS) in {(finding.symbol, finding.what) for finding in proof.findings}
    assert {finding.reason for finding in proof.findings if finding.symbol == SYMBOL} == {
        f"cannot be proven: ValueError: {RESULTS} is not the file that was exported"
    }


def test_a_member_whose_header_lies_about_its_size_is_read_no_further(
    honest: Path, tmp_path: Path
) -> None:
    crafted = Crafted.of(honest)
    crafted.files[RESULTS] = ZEROS
    crafted.index["files"][RESULTS] = {"bytes": 4096, "sha256": sha256(bytes(4096)).hexdigest()}
    bundle = crafted.written(tmp_path / "lying.zip")
    true, lie = (number.to_bytes(4, "little") for number in (len(ZEROS), 4096))
    crc = zlib.crc32(ZEROS).to_bytes(4, "little")
    bundle.write_bytes(
        bundle.read_bytes()
        .replace(true, lie)
        .replace(crc, zlib.crc32(bytes(4096)).to_bytes(4, "little"))
    )
    del crafted
    tracemalloc.start()

    proof = verify_bundle(bundle)

    assert tracemalloc.get_traced_memory()[1] < len(ZEROS) // 2
    tracemalloc.stop()
    assert not proof.is_proven


def test_the_command_says_why_and_ends_with_one(
    honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crafted = Crafted.of(honest)
    crafted.rename_symbol("../../elsewhere/AAPL")
    bundle = crafted.written(tmp_path / "crafted.zip")

    with pytest.raises(SystemExit) as ended:
        main(["verify", "--bundle", str(bundle), "--json"])

    streams = capsys.readouterr()
    assert ended.value.code == 1
    assert streams.out == ""
    assert "is no bundle, or a damaged one (ValueError: the name 'assets/../../" in streams.err
