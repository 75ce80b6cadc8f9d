"""`regime explain`: a number, where it comes from, and a refusal to explain a changed one."""

import json
import shutil
from pathlib import Path

import duckdb

from regime_platform.model.digests import frame_digest
from regime_platform.pipeline.platform import Platform
from regime_platform.query.series import bars, history
from regime_platform_tests.cli.conftest import Regime

LAST = "2013-03-01"


def test_an_explanation_names_the_number_and_everything_it_comes_from(
    on_sample: Regime, walked: Platform
) -> None:
    ended = on_sample("explain", "aapl", "1d", LAST, "--json")

    told = json.loads(ended.out)
    where = walked.root.path
    row = history("AAPL", "1day", last=1, where=where).row(0, named=True)
    manifest = json.loads((where / "assets/AAPL/compute_manifest.json").read_text())
    facts = manifest["manifest"]
    assert ended.code == 0
    assert told["escalation"]["esc_pctl"] == row["esc_pctl"]
    assert told["regime"]["regime_label"] == row["regime_label"]
    rank = told["escalation"]["rank_in_era"]
    assert rank["k"] / rank["n"] == row["esc_pctl_era"]
    era = told["escalation"]["era"]
    assert era == {"index": 1, "from": "2010-01-01", "until": "2020-01-01", "of": 3}
    used = bars("AAPL", "1day", where=where).collect()
    assert told["bars_used"]["digest"] == frame_digest(used)
    assert told["bars_used"]["count"] == used.height
    assert told["manifests"]["results"]["digest"] == manifest["digest"]
    assert told["manifests"]["results"]["recipe_digest"] == facts["recipe_digest"]
    assert told["made_from"]["code"] == facts["code"]
    assert [one["source"] for one in told["origin"]["revisions"]] == ["sample"]
    assert (told["wrong"], told["notes"]) == ([], [])


def test_people_read_the_rank_the_rules_and_the_proof(on_sample: Regime) -> None:
    ended = on_sample("explain", "AAPL", "1day", LAST)

    assert ended.code == 0
    assert "754 of 795 (753 below, 1 equal, 0 missing) = 0.948428" in ended.out
    assert "label panic risk (not shock): downside shock risk 0.694783 >= 0.65" in ended.out
    assert "compute_manifest.json 1 of 2026-11-20T22:30:00Z" in ended.out
    assert "gives the number told with it" in ended.out


def test_below_the_gate_of_escalation_the_regime_is_explained_alone(on_sample: Regime) -> None:
    told = json.loads(on_sample("explain", "EURUSD", "1day", "2017-12-28", "--json").out)

    assert told["escalation"] is None
    assert told["rules"]["label"] == told["regime"]["regime_label"]


def test_a_bar_that_is_not_there_names_its_neighbours(on_sample: Regime) -> None:
    ended = on_sample("explain", "AAPL", "1week", "2013-02-26")

    assert (ended.code, ended.out) == (1, "")
    assert "nearest open at 2013-02-25T00:00:00Z" in ended.err


def test_as_of_then_it_says_what_was_known_then(on_sample: Regime) -> None:
    ended = on_sample("explain", "IBM", "1week", "2013-02-25", "--as-of", "2026-11-21", "--json")

    told = json.loads(ended.out)
    assert told["then"]["terms"]["standing"] == "proven"
    assert told["wrong"] == []


def test_a_number_changed_in_the_store_is_not_explained_away(
    regime: Regime, walked: Platform, tmp_path: Path
) -> None:
    shutil.copytree(walked.root.path / "assets/IBM", tmp_path / "data/assets/IBM")
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
