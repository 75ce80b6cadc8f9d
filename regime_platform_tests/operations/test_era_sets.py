"""Era sets found, kept and adopted: an adoption recomputes exactly the symbols it touches."""

import datetime as dt

from regime_platform.compute.eras.eras import FALLBACK_ERAS, OPEN_END, OPEN_START
from regime_platform.errors import UsageError
from regime_platform.operations.era_adoption import adopt, touched
from regime_platform.operations.era_sets import detect_eras, summaries
from regime_platform.pipeline.eras import adoptions, era_set, era_set_file, versions
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_broken_bars, make_opens
from regime_platform_tests.error_codes import raises
from regime_platform_tests.operations.era_market import detected_version, run_market
from regime_platform_tests.scenario import fingerprint, serve


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
