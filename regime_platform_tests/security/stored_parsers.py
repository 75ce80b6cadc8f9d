"""Parsers of files: documents of the store, tables, archives, and the stores of others."""

import gzip
import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

import polars as pl

from regime_platform.audit.archives import read_archives
from regime_platform.audit.bundle.archive import INDEX
from regime_platform.audit.bundle.verify import verify_bundle
from regime_platform.audit.release.golden_file import read_golden
from regime_platform.audit.release.table import RELEASE_SCHEMA
from regime_platform.audit.snapshots import find_snapshot, snapshots, take_snapshot
from regime_platform.bar_store.actions_file import read_actions
from regime_platform.bar_store.basis_files import BASES, read_factors
from regime_platform.bar_store.identity_file import read_identities
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.manifest_files import (
    read_bar_manifest,
    read_chain,
    read_compute_manifest,
    read_former_manifests,
)
from regime_platform.bar_store.overrides import stored_overrides
from regime_platform.bar_store.parquet import decode, encode_sealed, require_sealed
from regime_platform.bar_store.raw.acquisition import earliest_dates, read_coverage, stored_doubts
from regime_platform.bar_store.raw.fetch_failures import read_failures
from regime_platform.bar_store.raw.raw_file import file_origins, read_footer, read_rows
from regime_platform.bar_store.raw.raw_names import batch_name
from regime_platform.bar_store.rename_journal import renames
from regime_platform.bar_store.verdicts import damaged_verdict, read_verdict, recorded_first_dates
from regime_platform.errors import RegimeError
from regime_platform.legacy.migration.migration import read_record
from regime_platform.legacy.parquet import is_version_1, read_version_1
from regime_platform.legacy.results import read_results, stated_versions
from regime_platform.legacy.sqlite import live_bars, live_series
from regime_platform.model.digests import document_digest
from regime_platform.model.markets import MARKETS
from regime_platform.model.symbols import parse_symbol
from regime_platform.operations.backup.folder import LISTING, read_listing
from regime_platform.pipeline.outbox import Outbox
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform.sources.files.inspection import inspect_file
from regime_platform.sources.files.kinds import FileRequest
from regime_platform_tests.audit.rich_symbol import LATER, SYMBOL, make_rich
from regime_platform_tests.builders import make_bars
from regime_platform_tests.legacy.stores import legacy_rows, write_legacy_db
from regime_platform_tests.security.parsing import Parser, given, require_shown

_SNAPSHOT = f"snapshots/manifest_{LATER:%Y-%m-%d}.json"
_MARKET = MARKETS["US_EQUITY"]
_CSV = make_bars(30).with_columns(pl.col("ts").dt.date()).write_csv().encode()
_OTHER_TEXTS = (
    b"Date;Time;Open;High;Low;Close;Volume\n02.01.2024;09:30;1,5;2,0;1,0;1,7;10\n" * 3,
    b"<TICKER>,<PER>,<DTYYYYMMDD>,<TIME>,<OPEN>,<CLOSE>,<VOL>\nAAA,D,20240102,000000,1,2,10\n",
    b"1704067200000,1,2,0.5,1.5,10\n1704153600000,1,2,0.5,1.5,10\n",
    '"Date","Price","Vol."\n"Jan 02, 2024","1,234.5","1.2M"\n'.encode("utf-16"),
)


@cache
def _rich() -> Path:
    """A data root with every kind of document that a symbol can have, and a snapshot."""
    folder = Path(tempfile.mkdtemp(prefix="fuzzed-"))
    settings = make_rich(folder)
    workspace = RunWorkspace.open(settings)
    take_snapshot(workspace, LATER.date(), LATER)
    return settings.root_folder


def _stored(name: str, *reads: Callable[[SymbolPaths], object]) -> Parser:
    """A document in a symbol's folder, read by each of ``reads``."""

    def parse(data: bytes, folder: Path) -> None:
        paths = DataRoot(folder).symbol(SYMBOL)
        _put(paths.folder / name, data)
        refusal = None
        for read in reads:
            try:
                read(paths)
            except RegimeError as error:  # the others are to answer too
                refusal = error
        if refusal is not None:
            raise refusal

    return Parser(name, parse, lambda: [(_rich() / "assets" / SYMBOL / name).read_bytes()])


def _of_root(name: str, read: Callable[[DataRoot], object], seed: bytes = b"") -> Parser:
    """A document of the data root."""

    def parse(data: bytes, folder: Path) -> None:
        _put(folder / name, data)
        read(DataRoot(folder))

    seeds = given(seed) if seed else lambda: [(_rich() / name).read_bytes()]
    return Parser(f"root-{name.replace('/', '-')}", parse, seeds)


def _file(
    name: str, read: Callable[[Path], object], seeds: Callable[[], Sequence[bytes]]
) -> Parser:
    """A file that a user names."""

    def parse(data: bytes, folder: Path) -> None:
        path = folder / name
        _put(path, data)
        read(path)
        assert list(folder.iterdir()) == [path], "a reader wrote beside the file"

    return Parser(f"file-{name}", parse, seeds)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _raw(data: bytes, folder: Path) -> None:
    """A raw file whose name has the digest of its bytes, whoever wrote them."""
    name = batch_name(1, LATER, data, is_legacy=False)
    path = folder / name.text
    _put(path, data)
    try:
        read_rows(folder, name)
        read_footer(path)
        list(file_origins(folder, [name], ["source", "fetched_at"]))
    finally:
        path.unlink()


def _decoded(data: bytes, _folder: Path) -> None:
    require_sealed(data, "bars.parquet")
    decode(data, "bars.parquet")


def _bars(path: Path) -> None:
    request = FileRequest(symbol=parse_symbol("AAA"), timeframe="1day", asset_class="US_EQUITY")
    for each in (request, FileRequest()):
        inspection = inspect_file(each, path)
        if inspection.problem:
            require_shown(inspection.problem)
        require_shown(inspection.reason or "none")


def _live(path: Path) -> None:
    for parts in live_series(path).values():
        for part in parts.values():
            live_bars(part, _MARKET)


def _results(path: Path) -> None:
    stated_versions(path)
    read_results(path, "MSFT", _MARKET)


def _older_bars(path: Path) -> None:
    if is_version_1(path):
        read_version_1([path], "AAA", "1day", _MARKET)


def _settings(path: Path) -> None:
    settings = Settings(_env_file=path)
    settings.allowed_host_names()


def _sqlite(fill: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        fill(path)
        return path.read_bytes()


def _legacy_results(path: Path) -> None:
    state = {
        "symbol": "MSFT",
        "asof": "2024-01-02",
        "price": 1.0,
        "classification": {"label": "x"},
        "key_levels": {"supports": [{"price": 1, "strength": 2}], "resistances": []},
    }
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE escalation_history_v3 (symbol, timeframe, asof, hazard_score);"
            "CREATE TABLE state_history (symbol, timeframe, asof, state_json);"
            "CREATE TABLE latest_state (symbol, timeframe, asof, hazard_score);"
            "INSERT INTO escalation_history_v3 VALUES ('MSFT', '1day', '2024-01-02', 1.0);"
            "INSERT INTO latest_state VALUES ('MSFT', '1day', '2024-01-02', 1.0);"
        )
        row = ("MSFT", "1day", "2024-01-02", json.dumps(state))
        database.execute("INSERT INTO state_history VALUES (?, ?, ?, ?)", row)
        database.commit()


def _zipped(data: bytes, method: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("1day.csv", data)
    return packed.getvalue()


def _parquet(frame: pl.DataFrame) -> bytes:
    written = io.BytesIO()
    frame.write_parquet(written)
    return written.getvalue()


def _arrow(frame: pl.DataFrame) -> bytes:
    written = io.BytesIO()
    frame.write_ipc(written)
    return written.getvalue()


def _small_bundle() -> bytes:
    packed = io.BytesIO()
    name, data = _SNAPSHOT, (_rich() / _SNAPSHOT).read_bytes()
    listed = {"bytes": len(data), "sha256": sha256(data).hexdigest()}
    index = {
        "bundle_version": 1,
        "snapshot": name,
        "snapshot_digest": json.loads(data)["digest"],
        "files": {name: listed},
        "rebuilt": [],
    }
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        archive.writestr(INDEX, json.dumps(index))
    return packed.getvalue()


def _backup() -> bytes:
    copy = {"bytes": 1, "sha256": "0" * 64, "source_bytes": 1, "source_mtime_ns": 1}
    document = {
        "format": 2,
        "made_at": "2026-11-20T22:30:00Z",
        "data_root": "/data",
        "generation": 1,
        "kept": {},
        "damaged": {},
        "files": {"assets/A/x": copy},
    }
    return json.dumps({"digest": document_digest(document), **document}).encode()


_ARCHIVE = {
    "symbol": SYMBOL,
    "number": 1,
    "at": "2026-11-20T22:30:00Z",
    "by": "ann",
    "reason": "x",
    "stored": "a",
    "meant": "b",
    "instrument": {},
    "is_finished": True,
}


def _documents() -> tuple[Parser, ...]:
    return (
        _stored("verdict.json", read_verdict, damaged_verdict, recorded_first_dates),
        _stored("manifest.json", read_bar_manifest),
        _stored("compute_manifest.json", read_compute_manifest),
        _stored("chain.jsonl", read_chain),
        _stored("renames.json", read_former_manifests),
        _stored("identity.json", read_identities),
        _stored("actions.json", read_actions),
        _stored("splits.json", BASES.read),
        _stored("price_factors.json", read_factors),
        _stored("decisions.yaml", stored_overrides),
        _stored(
            "acquisition.json",
            partial(read_coverage, timeframe="1day"),
            stored_doubts,
            earliest_dates,
        ),
        _stored("fetch_failures.json", read_failures),
        _of_root("renames.json", renames),
        _of_root(_SNAPSHOT, partial(find_snapshot, wanted=LATER.date().isoformat())),
        _of_root("snapshots/index.jsonl", snapshots),
        _of_root(
            f"archive/{SYMBOL}/1.json",
            partial(read_archives, symbol=SYMBOL),
            json.dumps(_ARCHIVE).encode(),
        ),
        _of_root(LISTING, lambda root: read_listing(root.path), _backup()),
        _of_root("migrations/x.json", lambda root: read_record(root.migration("x")), b"{}"),
        _of_root(
            "outbox/META.json",
            lambda root: Outbox(Settings(_env_file=None, REGIME_DATA_ROOT=root.path)).pending(),
            b"{}",
        ),
    )


def stored_parsers() -> Mapping[str, Parser]:
    """Every one of them by name."""
    bars = make_bars(30)
    golden = json.dumps({"rows": [dict.fromkeys(RELEASE_SCHEMA) | {"symbol": "A"}]}).encode()
    table = pl.DataFrame([{"symbol": "A"}], RELEASE_SCHEMA).write_csv().encode()
    live = legacy_rows("AAA", "1day", bars.head(5))
    old = bars.with_columns(pl.col("ts").dt.replace_time_zone(None), pl.col("volume").cast(int))
    parsers = (
        *_documents(),
        Parser("raw-file", _raw, lambda: [_stored_bytes("raw/*/*")]),
        Parser("bars-part", _decoded, lambda: [_stored_bytes("bars/*/*"), encode_sealed(bars)]),
        _file("1day.csv", _bars, given(_CSV, *_OTHER_TEXTS)),
        _file("1day.parquet", _bars, lambda: [_parquet(bars)]),
        _file("1day.arrow", _bars, lambda: [_arrow(bars)]),
        _file("1day.csv.gz", _bars, lambda: [gzip.compress(_CSV)]),
        _file("1day.zip", _bars, lambda: [_zipped(_CSV, method) for method in (0, 8, 12, 14)]),
        _file("release.csv", read_golden, given(table)),
        _file("release.json", read_golden, given(golden)),
        _file("bundle.zip", verify_bundle, lambda: [_small_bundle()]),
        _file("live.db", _live, lambda: [_sqlite(lambda path: write_legacy_db(path, live))]),
        _file("compute.db", _results, lambda: [_sqlite(_legacy_results)]),
        _file("old.parquet", _older_bars, lambda: [_parquet(old)]),
        _file(".env", _settings, given(b"REGIME_WORKERS=2\nREGIME_NOTIFY_SMTP=smtp://u:p@h:587\n")),
    )
    return {parser.name: parser for parser in parsers}


def _stored_bytes(pattern: str) -> bytes:
    return next((_rich() / "assets" / SYMBOL).glob(pattern)).read_bytes()
