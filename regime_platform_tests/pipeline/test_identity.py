"""A symbol whose entry means another instrument is neither fetched nor promoted until decided."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pytest_httpserver import HTTPServer

from regime_platform.bar_store.raw.raw_file import read_rows
from regime_platform.bar_store.raw.raw_names import list_raw, short_hash
from regime_platform.errors import OtherInstrumentError
from regime_platform.files import read_json, write_json
from regime_platform.model.instruments import parse_entry
from regime_platform.operations.renames import rename
from regime_platform.operations.universe_edits import add, remove
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.identity import other_instrument
from regime_platform.pipeline.outcomes import STAGES, Stage, Status
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.crafted_documents import sealed_json
from regime_platform_tests.error_codes import raises
from regime_platform_tests.pipeline.companies import (
    CLOCK,
    FIRST,
    SECOND,
    UP_TO_PROMOTION,
    closes,
    company_bars,
    edit,
    list_company,
    open_vendor,
    run,
)
from regime_platform_tests.pipeline.vendor_street import vendor_settings
from regime_platform_tests.vendor import LoopbackVendor


@pytest.fixture
def vendor(httpserver: HTTPServer) -> LoopbackVendor:
    return open_vendor(httpserver)


@pytest.fixture
def fetched(tmp_path: Path, vendor: LoopbackVendor) -> Settings:
    """FB of XNGS after one run."""
    settings = vendor_settings(tmp_path, vendor, ["FB"])
    list_company(vendor, "FB", seed=1)
    assert run(settings, "FB", FIRST).status is Status.DONE
    return settings


@pytest.mark.parametrize("change", [{"provider_symbol": "FBX"}, {"mic_code": "XNYS"}])
def test_an_entry_edited_to_another_instrument_is_refused_before_any_request(
    fetched: Settings, vendor: LoopbackVendor, change: dict[str, str]
) -> None:
    before, asked = closes(fetched, "FB"), len(vendor.questions)
    list_company(vendor, "FBX", seed=2)
    list_company(vendor, "FB", seed=2, mic_code="XNYS")
    edit(fetched, "FB", **change)

    outcome = run(fetched, "FB", SECOND, STAGES)

    assert outcome.status is Status.BLOCKED
    assert outcome.stage is Stage.VALIDATED_BARS
    assert (
        "are of twelvedata FB, exchange NASDAQ, mic_code XNGS (since 2026-11-18" in outcome.reason
    )
    assert f"{next(iter(change.values()))}" in outcome.reason
    assert "regime universe repoint FB" in outcome.reason
    assert len(vendor.questions) == asked
    assert closes(fetched, "FB").equals(before)
    workspace = RunWorkspace.open(fetched)
    with raises(OtherInstrumentError, "other-instrument", match="universe repoint .*put back"):
        promote(workspace, workspace.universe.instrument("FB"))


def test_a_refused_symbol_is_left_out_of_batches(tmp_path: Path, vendor: LoopbackVendor) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA", "BBB", "CCC"])
    for seed, symbol in enumerate(("AAA", "BBB", "CCC")):
        list_company(vendor, symbol, seed)
    CLOCK["now"] = FIRST
    workspace = RunWorkspace.open(settings)
    list(run_symbols(workspace, workspace.universe.instruments, FIRST, stages=UP_TO_PROMOTION))
    CLOCK["now"] = SECOND
    edit(settings, "AAA", mic_code="XNYS")
    vendor.questions.clear()

    workspace = RunWorkspace.open(settings)
    outcomes = list(
        run_symbols(workspace, workspace.universe.instruments, SECOND, stages=UP_TO_PROMOTION)
    )

    assert [outcome.status for outcome in outcomes] == [Status.BLOCKED, Status.DONE, Status.DONE]
    assert all("AAA" not in question.params["symbol"] for question in vendor.questions)


def test_removed_and_added_with_another_market_is_refused(
    fetched: Settings, vendor: LoopbackVendor
) -> None:
    entry = load_universe(fetched).instrument("FB").model_dump(mode="json")
    other = {**entry, "symbol": "IBM", "provider_symbol": "IBM"}
    add(fetched, [parse_entry(other)])
    remove(fetched, ["FB"])
    add(fetched, [parse_entry({**entry, "mic_code": "XNYS"})])
    list_company(vendor, "FB", seed=2, mic_code="XNYS")

    assert run(fetched, "FB", SECOND).status is Status.BLOCKED

    remove(fetched, ["FB"])
    add(fetched, [parse_entry(entry)])
    list_company(vendor, "FB", seed=1)
    assert run(fetched, "FB", SECOND).status is Status.DONE


def test_a_field_filled_in_or_left_out_is_no_change(tmp_path: Path, vendor: LoopbackVendor) -> None:
    settings = vendor_settings(tmp_path, vendor, ["FB"])
    list_company(vendor, "FB", seed=1)
    edit(settings, "FB", mic_code=None, exchange="NASDAQ")
    assert run(settings, "FB", FIRST).status is Status.DONE

    edit(settings, "FB", mic_code="XNGS", type="Common Stock")
    assert run(settings, "FB", SECOND).status is Status.DONE
    edit(settings, "FB", exchange=None, type=None)
    shorter = run(settings, "FB", SECOND)
    assert shorter.status is Status.DONE  # the manifest names the fields of the entry
    assert shorter.ingest is not None
    assert shorter.ingest.status is Status.UNCHANGED
    edit(settings, "FB", mic_code="XNYS")  # the answer named XNGS before the entry did
    assert run(settings, "FB", SECOND).status is Status.BLOCKED


def test_an_answer_of_another_market_than_before_fails_the_fetch(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["FB"])
    list_company(vendor, "FB", seed=1)
    edit(settings, "FB", mic_code=None, exchange="NASDAQ")
    run(settings, "FB", FIRST)
    before = closes(settings, "FB")
    list_company(vendor, "FB", seed=2, mic_code="XNCM")

    outcome = run(settings, "FB", SECOND)

    assert outcome.status is Status.FAILED
    assert "the answer is of twelvedata FB, exchange NASDAQ, mic_code XNCM" in outcome.reason
    assert closes(settings, "FB").equals(before)


def test_a_rename_takes_the_identity_along_and_covers_no_other_change(
    fetched: Settings, vendor: LoopbackVendor
) -> None:
    for timeframe in ("1day", "1week"):
        bars = company_bars(1, timeframe)
        vendor.list_series("META", timeframe, bars, mic_code="XNGS", exchange="NASDAQ")
    edit(fetched, "FB", mic_code="XNYS")
    with raises(OtherInstrumentError, "other-instrument", match="FB: the stored bars are of"):
        rename(fetched, "FB", {"symbol": "META", "provider_symbol": "META"}, SECOND)
    edit(fetched, "FB", mic_code="XNGS")

    rename(fetched, "FB", {"symbol": "META", "provider_symbol": "META"}, SECOND)
    after = run(fetched, "META", SECOND)
    edit(fetched, "META", provider_symbol="MTA")

    assert after.status is Status.DONE
    assert run(fetched, "META", SECOND).status is Status.BLOCKED


def test_a_source_that_follows_a_rename_later_is_no_change(
    fetched: Settings, vendor: LoopbackVendor
) -> None:
    rename(fetched, "FB", {"symbol": "META", "provider_symbol": "FB"}, SECOND)
    list_company(vendor, "META", seed=1)

    edit(fetched, "META", provider_symbol="META")

    assert run(fetched, "META", SECOND).status is Status.DONE


def test_a_first_entry_that_brought_no_bars_may_be_corrected(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["FB"])
    assert run(settings, "FB", FIRST).status is Status.FAILED  # unknown there
    list_company(vendor, "META", seed=1)
    edit(settings, "FB", provider_symbol="META")

    # the refusal is believed for a day
    assert run(settings, "FB", SECOND).status is Status.DONE


def test_every_raw_file_names_source_symbol_and_market(fetched: Settings) -> None:
    folder = RunWorkspace.open(fetched).root.symbol("FB").raw("1day")
    (name,) = list_raw(folder).files

    rows = read_rows(folder, name, ["source", "instrument"]).head(1).to_dicts()

    (named,) = [(row["source"], json.loads(row["instrument"])) for row in rows]
    fields = {"provider_symbol": "FB", "mic_code": "XNGS", "exchange": "NASDAQ"}
    assert named == ("twelvedata", fields)


def test_the_raw_files_name_the_instrument_where_identity_json_is_lost(fetched: Settings) -> None:
    paths = RunWorkspace.open(fetched).root.symbol("FB")
    paths.identity.unlink()
    edit(fetched, "FB", mic_code="XNYS")

    outcome = run(fetched, "FB", SECOND)

    assert outcome.status is Status.BLOCKED
    assert "mic_code XNGS (since 2026-11-18" in outcome.reason


def test_the_bar_manifest_names_the_instrument_of_files_that_do_not(
    fetched: Settings,
) -> None:
    assert run(fetched, "FB", FIRST, STAGES).status is Status.DONE
    workspace = RunWorkspace.open(fetched)
    paths = workspace.root.symbol("FB")
    _as_an_earlier_release_left(paths.folder)

    assert other_instrument(*workspace.find("FB")[::-1]) == ""
    edit(fetched, "FB", mic_code="XNYS")
    workspace = RunWorkspace.open(fetched)
    reason = other_instrument(*workspace.find("FB")[::-1])

    assert "are of twelvedata FB, mic_code XNGS (since 2026-11-18" in reason


def _as_an_earlier_release_left(folder: Path) -> None:
    """Takes out of a symbol's folder what only this release writes: records, names in raw files."""
    (folder / "identity.json").unlink()
    facts = read_json(folder / "manifest.json")["manifest"]
    del facts["records"]
    write_json(folder / "manifest.json", sealed_json(facts, FIRST))
    for path in folder.glob("raw/*/*.parquet"):
        table = pq.read_table(path)
        kept = {
            key: value
            for key, value in table.schema.metadata.items()
            if key not in (b"instrument", b"same")
        }
        pq.write_table(table.replace_schema_metadata(kept), path)
        sequence, fetched_at, _hash = path.name.split("-")
        named = f"{sequence}-{fetched_at}-{short_hash(path.read_bytes())}.parquet"
        path.rename(path.with_name(named))
