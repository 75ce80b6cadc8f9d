"""Same bars and code give the same digests however they came; the recipe tells what differs."""

import datetime as dt
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.raw.raw_log import append
from regime_platform.compute.eras.eras import EraSet, tiling_eras
from regime_platform.compute.params import DEFAULT_PARAMS, Params
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run import run_symbol, run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import fetch_origin, make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import serve, street, with_value

SYMBOLS = ["AAA", "BBB"]
BARS = {symbol: make_bars(430, seed=seed) for seed, symbol in enumerate(SYMBOLS)}


def filled(folder: Path, bars: int = 430) -> Settings:
    settings = street(folder, SYMBOLS)
    for symbol in SYMBOLS:
        serve(settings, symbol, "1day", BARS[symbol].head(bars))
    return settings


def processed(settings: Settings, now: dt.datetime = NOW) -> RunWorkspace:
    workspace = RunWorkspace.open(settings)
    list(run_symbols(workspace, workspace.universe.instruments, now))
    return workspace


def digests(workspace: RunWorkspace, symbol: str = "AAA") -> Mapping[str, str]:
    proof = verify(workspace, workspace.universe.instrument(symbol))
    assert proof.result == "proven", proof.reason
    return proof.digests


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, str]]:
    """What one run over all bars at once gives."""
    workspace = processed(filled(tmp_path_factory.mktemp("at_once")))
    return {symbol: digests(workspace, symbol) for symbol in SYMBOLS}


def test_the_order_of_arrival_changes_no_digest(
    wanted: Mapping[str, Mapping[str, str]], tmp_path: Path
) -> None:
    workspace = RunWorkspace.open(street(tmp_path, SYMBOLS))
    instrument = workspace.universe.instrument("AAA")
    pages = [BARS["AAA"][start : start + 86] for start in range(0, 430, 86)]
    random.Random(3).shuffle(pages)
    for number, page in enumerate(pages):
        facts = fetch_origin(NOW - dt.timedelta(hours=9 - number))
        append(workspace.root.symbol("AAA").raw("1day"), page, facts)

    after_fetch = [stage for stage in Stage if stage is not Stage.RAW_BARS]
    run_symbol(workspace, instrument, NOW, stages=after_fetch)

    assert digests(workspace) == wanted["AAA"]


def test_appending_gives_the_digests_of_a_full_computation(
    wanted: Mapping[str, Mapping[str, str]], tmp_path: Path
) -> None:
    processed(filled(tmp_path, bars=421), NOW - dt.timedelta(days=1))

    workspace = processed(filled(tmp_path))

    assert {symbol: digests(workspace, symbol) for symbol in SYMBOLS} == wanted


@pytest.mark.slow
def test_two_processes_at_once_give_the_digests_of_one(
    wanted: Mapping[str, Mapping[str, str]], tmp_path: Path
) -> None:
    settings = filled(tmp_path)
    environment = {
        **os.environ,
        "REGIME_DATA_ROOT": str(settings.data_root),
        "REGIME_FILES_ROOT": str(settings.files_root),
    }
    command = [sys.executable, "-m", "regime_platform.cli.main", "run", "--now", NOW.isoformat()]
    workers = [
        subprocess.Popen([*command, symbol], env=environment, stdout=subprocess.DEVNULL)
        for symbol in SYMBOLS
    ]

    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    workspace = RunWorkspace.open(settings)
    assert {symbol: digests(workspace, symbol) for symbol in SYMBOLS} == wanted


def _params(timeframe: str) -> Params:
    """Forward labels of one timeframe reach one bar further."""
    changed = tuple(
        (name, replace(params, horizon=params.horizon + (name == timeframe)))
        for name, params in DEFAULT_PARAMS.by_timeframe
    )
    return replace(DEFAULT_PARAMS, by_timeframe=changed)


_ERAS = {"EQUITIES_US": tiling_eras((dt.date(2013, 1, 1),))}


@pytest.mark.parametrize(
    ("changes", "cause", "changes_numbers"),
    [
        ({"params": _params("1day")}, "parameters", True),
        ({"params": _params("15min")}, "parameters", False),
        ({"eras": EraSet("another", dt.date(2020, 1, 1), _ERAS)}, "eras", True),
        ({"code": {"compute_digest": "0" * 64}}, "code", False),
    ],
)
def test_a_changed_input_is_another_recipe_and_other_content_only_where_a_number_changes(
    wanted: Mapping[str, Mapping[str, str]],
    tmp_path: Path,
    changes: dict[str, object],
    cause: str,
    changes_numbers: bool,
) -> None:
    workspace = processed(filled(tmp_path))
    if "code" in changes:
        changes = {"code": workspace.code.model_copy(update={"compute_digest": "0" * 64})}
    other = replace(workspace, **changes)  # type: ignore[arg-type]
    instrument = other.universe.instrument("AAA")

    before = verify(other, instrument)
    run_symbol(other, instrument, NOW, stages=[Stage.COMPUTE_DB, Stage.MANIFESTS], force=True)
    after = digests(other)

    assert before.reason == f"compute.db: made with other {cause} than today's"
    assert after["bars_content"] == wanted["AAA"]["bars_content"]
    assert after["recipe"] != wanted["AAA"]["recipe"]
    assert (after["results_content"] != wanted["AAA"]["results_content"]) is changes_numbers


def test_one_changed_bar_changes_all_three_digests(
    wanted: Mapping[str, Mapping[str, str]], tmp_path: Path
) -> None:
    settings = filled(tmp_path)
    serve(settings, "AAA", "1day", with_value(BARS["AAA"], 100, volume=1.0))

    changed = digests(processed(settings))

    assert all(changed[name] != digest for name, digest in wanted["AAA"].items())
