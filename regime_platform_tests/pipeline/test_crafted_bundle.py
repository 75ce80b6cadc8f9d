"""Whatever a bundle from elsewhere says: it is refused or not proven, and no file is touched."""

import datetime as dt
import json
import tempfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from regime_platform.audit.bundle.bundle import INDEX, export_bundle
from regime_platform.audit.bundle.proof import BundleVerification, verify_bundle
from regime_platform.audit.snapshots import take_snapshot
from regime_platform.cli.main import main
from regime_platform.errors import BarsError
from regime_platform.manifests.manifest import sealed
from regime_platform_tests.pipeline.snapshot_street import BARS, HELD, RunWorkspace, Street
from regime_platform_tests.scenario import fingerprint, serve, street

SYMBOL = "AAA"
SNAPSHOT = "snapshots/manifest_2026-11-22.json"
RESULTS = f"assets/{SYMBOL}/compute.db"
SYMLINK = 0o120777 << 16
ZEROS = bytes(64 * 1024**2)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of one symbol."""
    folder = tmp_path_factory.mktemp("honest")
    settings = street(folder, [SYMBOL])
    serve(settings, SYMBOL, "1day", BARS[SYMBOL][:HELD])
    walked = Street(settings, RunWorkspace.open(settings)).walked()
    taken = take_snapshot(walked.workspace, dt.date(2026, 11, 22), walked.now)
    return export_bundle(walked.workspace, taken, folder / "honest.zip").path


@dataclass
class Crafted:
    """A bundle about to be written with knowledge of how they are made."""

    files: dict[str, bytes]
    index: dict[str, Any]
    extra: list[tuple[zipfile.ZipInfo, bytes]] = field(default_factory=list)
    raw_index: bytes | None = None

    @classmethod
    def of(cls, bundle: Path) -> "Crafted":
        with zipfile.ZipFile(bundle) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        return cls(files, json.loads(files.pop(INDEX)))

    def change_snapshot(self, change: Callable[[dict[str, Any]], Any]) -> None:
        """Another snapshot, whole in itself and vouched for by the index."""
        facts = json.loads(self.files[SNAPSHOT])["manifest"]
        change(facts)
        document = sealed(facts, None, dt.datetime(2026, 11, 22, tzinfo=dt.UTC))
        self.index["snapshot_digest"] = document["digest"]
        self.replace(SNAPSHOT, json.dumps(document).encode())

    def replace(self, name: str, data: bytes) -> None:
        self.files[name] = data
        self.index["files"][name] = {"bytes": len(data), "sha256": sha256(data).hexdigest()}

    def rename_symbol(self, name: str) -> None:
        """The symbol and all its files under another name."""
        self.change_snapshot(lambda facts: facts.update(symbols={name: facts["symbols"][SYMBOL]}))
        for old in [file for file in self.files if file.startswith(f"assets/{SYMBOL}/")]:
            self.replace(old.replace(SYMBOL, name, 1), self.files.pop(old))
            del self.index["files"][old]

    def written(self, target: Path) -> Path:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, data in self.files.items():
                archive.writestr(name, data)
            for entry, data in self.extra:
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, data)
            archive.writestr(INDEX, self.raw_index or json.dumps(self.index))
        return target


Craft = Callable[[Crafted, Path], None]


@pytest.fixture
def proven(
    honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Craft], BundleVerification]:
    """Proves a crafted bundle beside another store, of which no byte may change."""
    theirs = tmp_path / "elsewhere" / "AAPL" / "compute.db"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"results of another program")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))

    def prove(craft: Craft) -> BundleVerification:
        crafted = Crafted.of(honest)
        craft(crafted, tmp_path)
        bundle = crafted.written(tmp_path / "crafted.zip")
        before = fingerprint(tmp_path)
        try:
            return verify_bundle(bundle, recompute=True)
        finally:
            assert fingerprint(tmp_path) == before
            assert not list((tmp_path / "tmp").iterdir())

    return prove


def _entry(facts: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = facts["symbols"][SYMBOL]
    return entry


def _as(**changes: Any) -> Craft:
    return lambda crafted, _: crafted.change_snapshot(lambda facts: _entry(facts).update(changes))


def _path_timeframe(crafted: Crafted, _: Path) -> None:
    crafted.change_snapshot(
        lambda facts: _entry(facts)["timeframes"].update(
            {"../../../../elsewhere": {"count": 0, "digest": None}}
        )
    )


@pytest.mark.parametrize(
    ("craft", "reason"),
    [
        (lambda crafted, _: crafted.rename_symbol("..AAPL"), "'..AAPL' is not safe as a folder"),
        (lambda crafted, _: crafted.rename_symbol("A\u202eB"), "is not safe as a folder name"),
        (_path_timeframe, "'../../../../elsewhere' is no timeframe, expected one of 15min"),
        (_as(timeframes=[]), "timeframes: Input should be a valid dictionary"),
        (_as(tables={"state_history": None}), "state_history: Input should be a valid string"),
        (_as(status="proven"), "status"),
        (
            lambda crafted, _: crafted.change_snapshot(
                lambda facts: facts.update(snapshot_version=2)
            ),
            "has version 2, expected 1; use the release that wrote it",
        ),
        (
            lambda crafted, _: crafted.change_snapshot(lambda facts: facts.update(kind="bars")),
            "is no snapshot",
        ),
        (
            lambda crafted, _: crafted.index.update(snapshot_digest="0" * 64),
            "is not the snapshot that the index names",
        ),
        (
            lambda crafted, _: crafted.replace(
                SNAPSHOT, crafted.files[SNAPSHOT].replace(b'"count"', b'"kount"', 1)
            ),
            "was changed after it was written",
        ),
    ],
)
def test_a_snapshot_that_is_not_whole_is_the_one_finding(
    proven: Callable[[Craft], BundleVerification], craft: Craft, reason: str
) -> None:
    proof = proven(craft)

    assert [(finding.symbol, finding.what) for finding in proof.findings] == [("", SNAPSHOT)]
    assert reason in proof.findings[0].reason
    assert proof.symbols == ()


@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_a_symbol_that_is_a_path_leads_nowhere(
    proven: Callable[[Craft], BundleVerification], tmp_path: Path, absolute: bool
) -> None:
    name = f"{tmp_path}/elsewhere/AAPL" if absolute else "../../elsewhere/AAPL"

    def only_in_the_snapshot(crafted: Crafted, _: Path) -> None:
        crafted.change_snapshot(
            lambda facts: facts.update(symbols={name: facts["symbols"][SYMBOL]})
        )

    proof = proven(only_in_the_snapshot)

    assert not proof.is_proven
    assert f"symbol {name!r} is not safe as a folder name" in proof.findings[0].reason
    with pytest.raises(BarsError, match=r"holds an empty part, \. or \.\."):
        proven(lambda crafted, _: crafted.rename_symbol(name))


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
    with pytest.raises(BarsError, match="is no bundle, or a damaged one") as refusal:
        proven(craft)

    assert reason in str(refusal.value)
    assert "have it exported and sent again" in str(refusal.value)


def test_a_member_that_is_there_twice_is_refused(
    proven: Callable[[Craft], BundleVerification],
) -> None:
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        pytest.raises(BarsError, match=f"'{RESULTS}' is in it twice"),
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


def test_a_view_in_the_place_of_a_table_reads_no_file(
    proven: Callable[[Craft], BundleVerification],
) -> None:
    def craft(crafted: Crafted, folder: Path) -> None:
        path = folder / "with_view.db"
        path.write_bytes(crafted.files[RESULTS])
        theirs = folder / "elsewhere" / "AAPL" / "compute.db"
        with duckdb.connect(path) as connection:
            connection.execute("DROP VIEW state_json")
            connection.execute("DROP TABLE forward_labels")
            connection.execute(
                f"CREATE VIEW forward_labels AS SELECT * FROM read_text('{theirs}')"  # noqa: S608
            )
        crafted.replace(RESULTS, path.read_bytes())

    proof = proven(craft)

    assert [(finding.symbol, finding.what) for finding in proof.findings] == [(SYMBOL, "assets")]
    assert "compute.db has no table forward_labels" in proof.findings[0].reason


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
