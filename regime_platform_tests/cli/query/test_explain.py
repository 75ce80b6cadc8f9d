"""`regime explain`: a number and its provenance; a changed number is refused."""

import json
import shutil
from pathlib import Path

import duckdb

from regime_platform.model.digests import frame_digest
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import bars, history
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import serve, street, with_value

LAST = "2013-03-01"


def test_explanation_names_the_number_and_its_provenance(
    on_sample: Regime, processed: RunWorkspace
) -> None:
    ended = on_sample("explain", "aapl", "1d", LAST, "--json")

    answer = json.loads(ended.out)
    where = processed.root.path
    row = history("AAPL", "1day", last=1, where=where).row(0, named=True)
    manifest = json.loads((where / "assets/AAPL/compute_manifest.json").read_text())
    facts = manifest["manifest"]
    assert ended.code == 0
    assert answer["escalation"]["esc_pctl"] == row["esc_pctl"]
    assert answer["regime"]["regime_label"] == row["regime_label"]
    rank = answer["escalation"]["rank_in_era"]
    assert rank["k"] / rank["n"] == row["esc_pctl_era"]
    era = answer["escalation"]["era"]
    assert era == {"index": 1, "from": "2010-01-01", "until": "2020-01-01", "of": 3}
    used = bars("AAPL", "1day", where=where).collect()
    assert answer["bars_used"]["digest"] == frame_digest(used)
    assert answer["bars_used"]["count"] == used.height
    assert answer["manifests"]["results"]["digest"] == manifest["digest"]
    assert answer["manifests"]["results"]["recipe_digest"] == facts["recipe_digest"]
    assert answer["made_from"]["code"] == facts["code"]
    assert [revision["source"] for revision in answer["origin"]["revisions"]] == ["sample"]
    assert (answer["wrong"], answer["notes"]) == ([], [])


def test_a_split_that_the_bar_is_adjusted_for_is_named_with_the_price_as_served(
    on_sample: Regime,
) -> None:
    before = on_sample("explain", "MSFT", "1day", "2003-02-14").out
    after = json.loads(on_sample("explain", "MSFT", "1day", "2003-02-18", "--json").out)

    assert "close 24.15" in before
    assert "revision 1: close 48.3 from sample (unadjusted)" in before
    assert "action 1: its prices are divided by split 2:1 on 2003-02-18, by sample" in before
    assert [action["id"] for action in after["origin"]["actions"]] == [1]
    far = on_sample("explain", "MSFT", "1day", LAST).out
    assert "action 1" not in far


def test_each_revision_shows_what_differs_from_the_one_before(
    regime: Regime, tmp_path: Path
) -> None:
    settings = street(tmp_path, ["AAA"])
    bars = with_value(make_bars(230), 229, volume=1000.0)
    for revised in (bars, with_value(bars, 229, volume=2500.5)):
        serve(settings, "AAA", "1day", revised)
        regime("run", "AAA", settings=settings)

    shown = regime("explain", "AAA", "1day", str(bars["ts"][-1].date()), settings=settings).out

    first, second = (line for line in shown.splitlines() if "revision" in line)
    assert "volume" not in first
    assert ", volume 1,000 -> 2,500.5 from files" in second


def test_short_series_explains_the_regime_without_escalation(on_sample: Regime) -> None:
    answer = json.loads(on_sample("explain", "EURUSD", "1day", "2017-12-28", "--json").out)

    assert answer["escalation"] is None
    assert answer["rules"]["label"] == answer["regime"]["regime_label"]


def test_missing_bar_names_its_neighbours(on_sample: Regime) -> None:
    ended = on_sample("explain", "AAPL", "1week", "2013-02-26")

    assert (ended.code, ended.out) == (1, "")
    assert "error[no-such-bar]" in ended.err
    assert "nearest open at 2013-02-25T00:00:00Z" in ended.err


def test_as_of_explains_what_was_known_then(on_sample: Regime) -> None:
    ended = on_sample("explain", "IBM", "1week", "2013-02-25", "--as-of", "2026-11-21", "--json")

    answer = json.loads(ended.out)
    assert answer["then"]["terms"]["standing"] == "proven"
    assert answer["wrong"] == []


def test_changed_number_in_the_store_is_refused(
    regime: Regime, processed: RunWorkspace, tmp_path: Path
) -> None:
    shutil.copytree(processed.root.path / "assets/IBM", tmp_path / "data/assets/IBM")
    path = tmp_path / "data/assets/IBM/compute.db"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "UPDATE escalation_history_v3 SET esc_pctl = 0.93 "
            "WHERE timeframe = '1day' AND ts = TIMESTAMP '2013-03-01'"
        )

    ended = regime("explain", "IBM", "1day", LAST)

    assert ended.code == 1
    assert "is damaged" in ended.err
    assert "0.93" not in ended.out


def test_text_shows_rank_rules_and_manifest(on_sample: Regime) -> None:
    ended = on_sample("explain", "AAPL", "1day", LAST)

    assert ended.code == 0
    assert "749 of 795 (748 below, 1 equal, 0 missing) = 0.942138" in ended.out
    assert "label panic risk (not shock): downside shock risk 0.694783 >= 0.65" in ended.out
    assert "compute_manifest.json 1 of 2026-11-20T22:30:00Z" in ended.out
    assert "gives the number stored with it" in ended.out


def test_an_excluded_bar_is_explained_by_its_override(regime: Regime, tmp_path: Path) -> None:
    settings = street(tmp_path, ["AAA"])
    bars_of = make_bars(420)
    serve(settings, "AAA", "1day", bars_of)
    at, day = ("--now", "2026-11-22T03:15Z"), f"{bars_of['ts'][300]:%Y-%m-%d}"
    words = ("bars", "exclude", "AAA", "1day", day, "--reason", "bad print", "--by", "ann")
    assert regime("run", "AAA", *at, settings=settings).code == 0
    assert regime(*words, *at).code == 0
    assert regime("run", "AAA", *at).code == 0

    ended = regime("explain", "AAA", "1day", day)
    other = regime("explain", "AAA", "1day", "1999-01-01")

    assert (ended.code, other.code) == (1, 1)
    assert "error[bar-excluded]" in ended.err
    assert "excluded by override 1 of ann, 2026-11-22T03:15:00Z: bad print" in ended.err
    assert "`regime bars undo AAA 1 --reason TEXT`" in ended.err
    assert "error[no-such-bar]" in other.err


def test_a_period_that_ends_before_it_begins_is_refused(on_sample: Regime) -> None:
    period = ("--start", "2013-01-02", "--end", "2013-01-01")

    for words in (
        ("bars", "IBM", "1day"),
        ("history", "IBM", "1day"),
        ("history", "IBM", "1day", "--runs"),
        ("history", "IBM", "1day", "--time-in-regime"),
    ):
        ended = on_sample(*words, *period)
        assert ended.code == 2
        assert "error[empty-period]: --end 2013-01-01 is not later than --start" in ended.err


def test_runs_of_a_symbol_without_bars_are_an_error_as_its_history_is(
    regime: Regime, processed: RunWorkspace, tmp_path: Path
) -> None:
    shutil.copytree(processed.root.path / "assets/IBM", tmp_path / "data/assets/IBM")
    (tmp_path / "data/universe.yaml").write_text(
        "instruments:\n  - {symbol: IBM, name: I, asset_class: US_EQUITY, tier: daily, "
        "source: sample, timeframes: [4h]}\n"
    )

    ends = [
        regime("history", "IBM", *words)
        for words in (("4h",), ("4h", "--runs"), ("--runs",), ("--time-in-regime",))
    ]

    assert [ended.code for ended in ends] == [1] * 4
    assert all("error[no-bars]" in ended.err for ended in ends)
