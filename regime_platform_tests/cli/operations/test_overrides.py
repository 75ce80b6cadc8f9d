"""`regime bars`: show, exclude, accept, list and undo."""

import json
import re
import shlex
from pathlib import Path

import polars as pl
import pytest

from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Ended, Regime
from regime_platform_tests.scenario import serve, street, with_value

BARS = make_bars(420, seed=2)
BAD_DAY = str(BARS["ts"][300].date())
NOW = ("--now", "2026-11-22T03:15Z")


@pytest.fixture(autouse=True)
def _served(tmp_path: Path, regime: Regime) -> None:
    """AAA, which one bad bar blocks."""
    settings = street(tmp_path, ["AAA"])
    serve(settings, "AAA", "1day", with_value(BARS, 300, low=1e6))
    assert regime("run", "AAA", *NOW, settings=settings).code == 1


def _exclude(regime: Regime, *more: str) -> Ended:
    return regime("bars", "exclude", "aaa", "1day", BAD_DAY, "--reason", "bad tick", *NOW, *more)


@pytest.mark.slow
def test_an_excluded_bar_unblocks_and_undo_blocks_again(regime: Regime) -> None:
    made = _exclude(regime, "--by", "ann", "--json")
    assert (made.code, json.loads(made.out)["id"]) == (0, 1)
    assert regime("run", "AAA", *NOW).code == 0
    assert BAD_DAY not in regime("bars", "AAA", "1day", "--last", "130").out

    undone = regime("bars", "undo", "AAA", "1", "--reason", "it was true", "--by", "bob", *NOW)

    assert undone.code == 0
    assert regime("promote", "AAA").code == 1


def test_the_remedy_of_a_blocked_bar_is_the_command_that_unblocks_it(regime: Regime) -> None:
    blocked = regime("promote", "AAA", "--json")

    reason = json.loads(blocked.out)["symbols"][0]["reason"]
    (words,) = re.findall(r"`regime (bars exclude .*?)`", reason)
    assert words == f"bars exclude AAA 1day {BAD_DAY} --reason TEXT"
    assert regime(*shlex.split(words), *NOW).code == 0
    assert regime("promote", "AAA").code == 0


def test_all_bars_that_a_rule_rejects_are_excluded_at_once(regime: Regime) -> None:
    command = ("bars", "exclude-found", "aaa", "high_low_order", "--reason", "torn rows", *NOW)
    regime("bars", "accept", "AAA", "1day", BAD_DAY, "--reason", "true", *NOW)  # not its high

    made = regime(*command, "--timeframe", "1day", "--json")

    assert [(override["id"], override["ts"][:10]) for override in json.loads(made.out)] == [
        (2, BAD_DAY)
    ]
    again = regime(*command)
    assert again.code == 2
    assert "high_low_order names nothing of AAA 1day that is left to exclude" in again.err
    assert regime("promote", "AAA").code == 0


def test_a_range_is_excluded_by_one_entry_and_undone_by_its_number(regime: Regime) -> None:
    first, last = (str(BARS["ts"][at].date()) for at in (295, 304))
    command = ("bars", "exclude", "AAA", "1day", first, last, "--reason", "torn rows", *NOW)

    made = regime(*command)

    assert made.code == 0
    assert f"AAA override 1: exclude 1day {first} to {last}" in made.err
    assert regime("promote", "AAA").code == 0
    assert f"1day {first} to {last}" in " ".join(regime("bars", "list", "AAA").out.split())
    assert regime("bars", "undo", "AAA", "1", "--reason", "no", *NOW).code == 0
    assert regime("promote", "AAA").code == 1


@pytest.mark.parametrize(
    ("end", "until"),
    [
        ("2013-02-28", "2013-02-28T23:59:59Z"),
        ("20130228", "2013-02-28T23:59:59Z"),
        ("2013-02-28T00:00Z", "2013-02-28T00:00:00Z"),
    ],
)
def test_a_date_as_the_end_of_a_range_includes_all_of_it(
    regime: Regime, end: str, until: str
) -> None:
    made = regime("bars", "exclude", "AAA", "1day", BAD_DAY, end, "--reason", "x", "--json", *NOW)

    assert json.loads(made.out)["until"] == until


def test_all_findings_of_a_rule_are_accepted_by_one_entry(regime: Regime) -> None:
    _exclude(regime)
    command = ("bars", "accept-found", "AAA", "outside_session", "--reason", "invented", *NOW)

    made = regime(*command, "--json")

    (override,) = json.loads(made.out)
    assert (override["id"], override["kind"], override["rule"]) == (2, "accept", "outside_session")
    assert len(override["others"]) > 5
    assert regime("promote", "AAA").code == 0
    (report,) = json.loads(regime("validate", "AAA", "--json").out)["symbols"]
    findings = {each["rule"]: each for each in report["series"][0]["findings"]}
    assert findings["outside_session"]["count"] == 0
    assert findings["outside_session"]["accepted"] == len(override["others"]) + 1
    assert "names nothing of AAA" in regime(*command).err


def test_a_true_price_below_zero_is_accepted_and_left_out_of_compute(
    tmp_path: Path, regime: Regime
) -> None:
    settings = street(tmp_path / "oil", ["OIL"])
    serve(settings, "OIL", "1day", with_value(BARS, 300, low=-40.32, close=-37.63))
    blocked = regime("run", "OIL", *NOW, settings=settings)
    (words,) = re.findall(r"`regime (bars accept .*?)`", " ".join(blocked.out.split()))

    accepted = regime(*shlex.split(words), *NOW)

    assert words == f"bars accept OIL 1day {BAD_DAY} --rule non_positive_price --reason TEXT"
    assert "compute leaves them out" in accepted.err
    assert regime("run", "OIL", *NOW).code == 0
    assert "-37.63" in regime("bars", "OIL", "1day", "--last", "130").out
    assert "compute leaves such bars out" in regime("explain", "OIL", "1day", BAD_DAY).err
    history = json.loads(regime("history", "OIL", "1day", "--last", "130", "--json").out)
    assert BAD_DAY not in {row["ts"][:10] for row in history}
    more = with_value(make_bars(430, seed=2), 300, low=-40.32, close=-37.63)
    serve(settings, "OIL", "1day", more)
    assert regime("run", "OIL", "--now", "2026-11-22T04:15Z").code == 0
    assert regime("verify", "OIL", "--recompute").code == 0
    lineage = json.loads((tmp_path / "oil").rglob("compute_manifest.json").__next__().read_text())
    assert "left out 1 of 430 bars" in json.dumps(lineage)


def test_list_shows_author_time_and_reason(regime: Regime) -> None:
    _exclude(regime, "--by", "ann")
    regime("bars", "undo", "AAA", "1", "--reason", "no", "--by", "bob", *NOW)
    accepted = ("bars", "accept", "AAA", "1day", "2012-01-04", "--rule", "price_jump")
    regime(*accepted, "--reason", "true", "--by", "ann", *NOW)

    rows = json.loads(regime("bars", "list", "--json").out)
    shown = regime("bars", "list", "aaa").out

    assert [(row["kind"], row["by"], row["in_force"]) for row in rows] == [
        ("exclude", "ann", False),
        ("undo", "bob", False),
        ("accept", "ann", True),
    ]
    assert {row["at"] for row in rows} == {"2026-11-22T03:15:00Z"}
    assert "accept price_jump" in shown
    assert "undo 1" in shown


def test_list_without_overrides(regime: Regime) -> None:
    assert "no overrides" in regime("bars", "list").err


def test_author_defaults_to_the_user(regime: Regime) -> None:
    assert json.loads(_exclude(regime, "--json").out)["by"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["exclude", "AAA", "1day", "2012-01-08", "--reason", "x"], "no 1day bar that opens at"),
        (["exclude", "AAA", "1day", "yesterday", "--reason", "x"], "error[bad-time]"),
        (["exclude", "ZZZ", "1day", BAD_DAY, "--reason", "x"], "ZZZ"),
        (["exclude", "AAA", "1day", BAD_DAY, "--reason", " "], "--reason is empty"),
        (["undo", "AAA", "7", "--reason", "x"], "override 7 is not in force"),
        (["exclude", "AAA", "1day", BAD_DAY, "2012-01-03", "--reason", "x"], "range-reversed"),
        (["exclude", "AAA", "1day", "2012-01-07", "2012-01-08", "--reason", "x"], "no 1day bar"),
        (["exclude-found", "AAA", "missing_sessions", "--reason", "x"], "accept-found AAA missing"),
        (["exclude-found", "AAA", "price_jump", "--reason", "x"], "names nothing of AAA"),
        (["exclude-found", "AAA", "hihg_low_order", "--reason", "x"], "mean high_low_order?"),
        (["exclude-found", "AAA", "nonsense", "--reason", "x"], "expected one of schema, "),
        (["accept-found", "AAA", "high_low_order", "--reason", "x"], "cannot be accepted"),
        (["accept-found", "AAA", "price_jmp", "--reason", "x"], "did you mean price_jump?"),
        (
            ["accept", "AAA", "1day", BAD_DAY, "--rule", "missing_price", "--reason", "x"],
            "cannot be accepted",
        ),
    ],
)
def test_invalid_arguments_end_with_2(regime: Regime, arguments: list[str], words: str) -> None:
    ended = regime("bars", *arguments)

    assert ended.code == 2
    assert words in ended.err


def test_override_needs_a_reason(regime: Regime) -> None:
    assert regime("bars", "exclude", "AAA", "1day", BAD_DAY).code == 2


def test_a_new_price_basis_is_shown_by_the_run_and_listed(tmp_path: Path, regime: Regime) -> None:
    settings = street(tmp_path, ["BBB"])
    serve(settings, "BBB", "1day", BARS[:400])
    regime("run", "BBB", "--now", "2026-11-20T03:15Z", settings=settings)
    prices = pl.col("open", "high", "low", "close")
    serve(settings, "BBB", "1day", BARS.with_columns((prices / 1.281).round(4))[200:])

    ran = regime("run", "BBB", *NOW, "--json", settings=settings)
    shown = regime("bars", "list", "BBB", settings=settings)
    listed = json.loads(regime("bars", "list", "BBB", "--json", settings=settings).out)

    text = f"all 400 bars up to {BARS['ts'][399]:%Y-%m-%d} were divided by 1.281"
    assert text in json.loads(ran.out)["symbols"][0]["fetched"][0]["note"]
    assert f"BBB 1day: {text}, seen on 2026-11-22" in shown.out
    assert [(entry["kind"], entry["ratio"]) for entry in listed] == [("basis_change", "1281:1000")]


@pytest.mark.slow
def test_a_repair_says_that_an_entry_after_the_last_run_is_only_in_the_damaged_file(
    regime: Regime, tmp_path: Path
) -> None:
    _exclude(regime)
    assert regime("run", "AAA", *NOW).code == 0
    later = str(BARS["ts"][310].date())
    assert regime("bars", "exclude", "AAA", "1day", later, "--reason", "late", *NOW).code == 0
    (file,) = tmp_path.rglob("decisions.yaml")
    text = file.read_text()
    file.write_text(text[:-40])

    repaired = regime("repair", "AAA", "--yes", *NOW)

    assert repaired.code == 0
    folder = re.search(r"only in the damaged copy in (\S+):", repaired.err)
    assert folder is not None
    (copy,) = Path(folder[1]).rglob("decisions.yaml")
    assert copy.read_text() == text[:-40]
    assert "late" not in file.read_text()
