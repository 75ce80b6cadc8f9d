"""An adoption recomputes what it touches, and has to be whole."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest

from regime_platform.compute.eras.eras import FALLBACK_ERAS, FIXED_ERAS, EraSet
from regime_platform.compute.eras.files import EraSetFile
from regime_platform.errors import ConfigError, UsageError
from regime_platform.operations.era_adoption import adopt, store_era_set, touched
from regime_platform.operations.era_sets import outdated
from regime_platform.pipeline.eras import adoptions, era_set, eras_in_force
from regime_platform.pipeline.outcomes import Stage, Status
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.error_codes import raises
from regime_platform_tests.operations.era_market import (
    SYMBOLS,
    TOUCHED,
    detected_version,
    run_market,
)
from regime_platform_tests.scenario import contents, fingerprint, street


def test_adopting_recomputes_exactly_the_symbols_it_touches(
    market: Settings, now: dt.datetime
) -> None:
    workspace = RunWorkspace.open(market)
    root = workspace.root
    version = detected_version(market)
    touched_symbols = touched(workspace.universe, workspace.eras, era_set(root, version))
    before = {each: fingerprint(root.symbol(each).folder) for each in SYMBOLS}
    adopt(root, version, since=now, by="me", reason="vintage of today")
    waiting = list(outdated(RunWorkspace.open(market)))

    outcomes = run_market(market, now + dt.timedelta(hours=1))

    statuses = {each: Status.DONE if each in TOUCHED else Status.UNCHANGED for each in SYMBOLS}
    derived = {each: processed.compute for each, processed in outcomes.items()}
    assert list(touched_symbols) == waiting == TOUCHED
    assert {each: processed.status for each, processed in outcomes.items()} == statuses
    assert not any(each.is_stale_code for each in derived.values() if each)
    for symbol in set(SYMBOLS) - set(TOUCHED):
        assert fingerprint(root.symbol(symbol).folder) == before[symbol]
    recipe = json.loads(root.symbol("SPY").compute_manifest.read_text())["manifest"]["recipe"]
    assert recipe["eras"]["version"] == version
    assert outdated(RunWorkspace.open(market)) == {}
    assert {each.status for each in run_market(market, now).values()} == {Status.UNCHANGED}


def test_what_an_adoption_recomputes_is_what_a_new_data_root_computes(
    market: Settings, now: dt.datetime, tmp_path: Path
) -> None:
    version = detected_version(market)
    root = RunWorkspace.open(market).root
    adopt(root, version, since=now, by="me", reason="test")
    run_market(market, now)
    fresh = street(tmp_path / "fresh", SYMBOLS)
    fresh = fresh.model_copy(update={"files_root": market.files_root})
    other = RunWorkspace.open(fresh).root
    other.eras.mkdir(parents=True)
    for path in (root.era_set(version), root.adopted_eras):
        (other.eras / path.name).write_bytes(path.read_bytes())

    run_market(fresh, now)

    for symbol in TOUCHED:
        each, two = (contents(where.symbol(symbol).folder) for where in (root, other))
        assert each["verdict.json"] == two["verdict.json"]
        tables = [
            json.loads(where.symbol(symbol).compute_manifest.read_text())["digest"]
            for where in (root, other)
        ]
        assert tables[0] == tables[1]


def test_going_back_to_the_fixed_eras_is_an_adoption_too_and_the_history_stays(
    market: Settings, now: dt.datetime
) -> None:
    root = RunWorkspace.open(market).root
    version = detected_version(market)
    adopt(root, version, since=now, by="me", reason="first")

    adopt(root, "fixed-1", since=now + dt.timedelta(days=1), by="you", reason="second")

    assert [(adoption.version, adoption.by, adoption.reason) for adoption in adoptions(root)] == [
        (version, "me", "first"),
        ("fixed-1", "you", "second"),
    ]
    assert eras_in_force(root) == FALLBACK_ERAS
    assert {each.status for each in run_market(market, now).values()} == {Status.UNCHANGED}


def test_stale_code_is_left_alone_even_where_eras_changed(
    market: Settings, now: dt.datetime
) -> None:
    version = detected_version(market)
    workspace = RunWorkspace.open(market)
    adopt(workspace.root, version, since=now, by="me", reason="test")
    adopted = RunWorkspace.open(market)
    newer = replace(adopted, code=replace(adopted.code, compute_digest="other"))

    (processed,) = run_symbols(
        newer, [newer.universe.instrument("SPY")], now, stages=[Stage.COMPUTE_DB]
    )

    assert processed.compute is not None
    assert processed.compute.status is Status.UNCHANGED
    assert processed.compute.is_stale_code


def test_an_adopted_set_that_is_damaged_or_gone_stops_everything(
    market: Settings, now: dt.datetime
) -> None:
    root = RunWorkspace.open(market).root
    version = detected_version(market)
    adopt(root, version, since=now, by="me", reason="test")
    path = root.era_set(version)

    path.write_text(path.read_text().replace("rows: 1600", "rows: ["))
    with raises(ConfigError, "era-set-unreadable", match="YAML .*regime eras adopt"):
        RunWorkspace.open(market)
    path.unlink()
    with raises(
        ConfigError, "era-set-unreadable", match=r"2026-11-20.*no era set.*regime eras adopt"
    ):
        RunWorkspace.open(market)


def test_a_damaged_list_of_adoptions_stops_everything_and_names_the_remedy(
    market: Settings, now: dt.datetime
) -> None:
    root = RunWorkspace.open(market).root
    adopt(root, detected_version(market), since=now, by="me", reason="test")
    root.adopted_eras.write_text("in_force: nobody knows\n")

    with pytest.raises(ConfigError, match=r"adopted\.yaml is damaged .*adopt an era set again"):
        RunWorkspace.open(market)


def test_a_set_swapped_after_its_adoption_is_refused(market: Settings, now: dt.datetime) -> None:
    root = RunWorkspace.open(market).root
    version = detected_version(market)
    adopt(root, version, since=now, by="me", reason="test")
    root.era_set(version).unlink()
    other = EraSet(version, dt.date(2026, 1, 1), {"CRYPTO": FIXED_ERAS})
    store_era_set(root, EraSetFile(other, {"CRYPTO": {}}))

    with raises(ConfigError, "era-set-replaced", match="2026-11-20"):
        RunWorkspace.open(market)


def test_an_adoption_needs_a_reason_and_a_set_that_is_not_in_force(
    market: Settings, now: dt.datetime
) -> None:
    root = RunWorkspace.open(market).root

    with raises(UsageError, "no-reason", match="--reason"):
        adopt(root, "fixed-1", since=now, by="me", reason=" ")
    with raises(UsageError, "era-set-in-force"):
        adopt(root, "fixed-1", since=now, by="me", reason="test")
    with raises(ConfigError, "no-such-era-set", match=r"'v9'.*fixed-1"):
        adopt(root, "v9", since=now, by="me", reason="test")
