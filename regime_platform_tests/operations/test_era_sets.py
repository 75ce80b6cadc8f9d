"""Era sets found, kept and adopted: an adoption recomputes exactly the symbols it touches."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest

from regime_platform.compute.eras.eras import (
    FALLBACK_ERAS,
    FIXED_ERAS,
    OPEN_END,
    OPEN_START,
    EraSet,
)
from regime_platform.compute.eras.files import EraSetFile
from regime_platform.errors import ConfigError, UsageError
from regime_platform.operations.era_sets import (
    adopt,
    detect_eras,
    outdated,
    store_era_set,
    summaries,
    touched,
)
from regime_platform.pipeline.eras import adoptions, era_set, era_set_file, eras_in_force, versions
from regime_platform.pipeline.outcomes import Stage, Status
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform.workspace import Workspace
from regime_platform_tests.builders import make_broken_bars, make_opens
from regime_platform_tests.error_codes import raises
from regime_platform_tests.operations.era_market import (
    SYMBOLS,
    TOUCHED,
    detected_version,
    run_market,
)
from regime_platform_tests.scenario import contents, fingerprint, serve, street


def test_the_fixed_eras_are_in_force_where_none_was_ever_adopted(market: Settings) -> None:
    assert RunWorkspace.open(market).eras is FALLBACK_ERAS


def test_a_break_in_volatility_becomes_a_boundary_at_the_first_bar_of_the_next_era(
    market: Settings,
) -> None:
    workspace = RunWorkspace.open(market)

    detected = detect_eras(workspace)

    stored = era_set_file(workspace.root, detected.version)
    eras = stored.eras.by_class["EQUITIES_US"]
    opens = make_opens(1600).dt.epoch("us").to_list()
    starts = [opens.index(era.start_us) for era in eras[1:]]
    assert set(stored.eras.by_class) == {"EQUITIES_US"}
    assert min(abs(start - 800) for start in starts) < 126
    assert (eras[0].start_us, eras[-1].end_us) == (OPEN_START, OPEN_END)
    assert stored.eras.effective_from == dt.date(2018, 2, 17)  # the day after the last bar
    origin = stored.origins["EQUITIES_US"]
    assert (origin["benchmark"], origin["bars"]["rows"]) == ("SPY", 1600)
    assert stored.absent["CRYPTO"] == "BTCUSD has 430 daily bars of 1,008 needed"
    assert stored.absent["FX_MAJORS"] == "EURUSD is not in the universe"
    assert stored.parameters["shortest_era"] == 504


def test_detecting_changes_nothing_in_force_and_the_same_again_writes_nothing(
    market: Settings,
) -> None:
    version = detected_version(market)
    before = fingerprint(market.data_root)

    again = detect_eras(RunWorkspace.open(market))

    assert (again.version, again.is_new) == (version, False)
    assert fingerprint(market.data_root) == before
    assert RunWorkspace.open(market).eras is FALLBACK_ERAS
    assert adoptions(RunWorkspace.open(market).root) == ()


def test_longer_history_makes_another_set_and_leaves_the_first(
    market: Settings, now: dt.datetime
) -> None:
    version = detected_version(market)
    root = RunWorkspace.open(market).root
    text = root.era_set(version).read_text()
    serve(market, "SPY", "1day", make_broken_bars(2300))
    run_market(market, now)

    newer = detected_version(market)

    assert newer != version
    assert root.era_set(version).read_text() == text
    assert [summary["version"] for summary in summaries(root)] == ["fixed-1", version, newer]


def test_a_version_is_never_overwritten(market: Settings) -> None:
    detected_version(market, version="mine")

    with raises(UsageError, "era-set-exists", match="mine"):
        detect_eras(RunWorkspace.open(market), version="mine")


def test_classes_not_asked_for_keep_the_eras_in_force(market: Settings, now: dt.datetime) -> None:
    first = detected_version(market)
    root = RunWorkspace.open(market).root
    adopt(root, first, since=now, by="me", reason="test")
    workspace = RunWorkspace.open(market)

    detected = detect_eras(workspace, classes=["CRYPTO"], instead={"CRYPTO": "SPY"})

    stored = era_set_file(root, detected.version)
    equities = era_set(root, first).by_class["EQUITIES_US"]
    assert stored.eras.by_class == {"EQUITIES_US": equities, "CRYPTO": equities}
    assert stored.origins["EQUITIES_US"] == {"kept_from": first}
    assert list(touched(workspace.universe, workspace.eras, stored.eras)) == ["BTCUSD"]


def test_nothing_is_written_where_no_benchmark_can_speak(market: Settings) -> None:
    workspace = RunWorkspace.open(market)

    detected = detect_eras(workspace, classes=["CRYPTO", "CREDIT_HY"])

    assert (detected.version, detected.is_new) == ("", False)
    assert [asset_class.reason for asset_class in detected.classes] == [
        "HYG has 430 daily bars of 1,008 needed",
        "BTCUSD has 430 daily bars of 1,008 needed",
    ]
    assert versions(workspace.root) == ()


@pytest.mark.slow
def test_adopting_recomputes_exactly_the_symbols_it_touches(
    market: Settings, now: dt.datetime
) -> None:
    workspace = RunWorkspace.open(market)
    root = workspace.root
    version = detected_version(market)
    touched_symbols = touched(workspace.universe, workspace.eras, era_set(root, version))
    before = {each: fingerprint(root.symbol(each).folder) for each in SYMBOLS}
    adopt(root, version, since=now, by="me", reason="vintage of today")
    waiting = list(outdated(Workspace.open(market), eras_in_force(root)))

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
    assert outdated(Workspace.open(market), eras_in_force(root)) == {}
    assert {each.status for each in run_market(market, now).values()} == {Status.UNCHANGED}


@pytest.mark.slow
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
    newer = replace(adopted, code=adopted.code.model_copy(update={"compute_digest": "other"}))

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
