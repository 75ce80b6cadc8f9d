"""regime validate: every kind of input, the three exit codes, table, JSON and page."""

import json
import re
import shlex
from pathlib import Path

import pytest

from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.cli.pipeline.conftest import NOW
from regime_platform_tests.cli.three_symbols import BAD, GOOD
from regime_platform_tests.legacy.test_live_db import live_db, row
from regime_platform_tests.scenario import fingerprint, serve, street, with_value
from regime_platform_tests.validation.real_bars import changed, times


def test_canonical_bars_are_validated_and_blocked_bars_are_reported(
    regime: Regime, validated: Settings
) -> None:
    before = fingerprint(validated.data_root)

    ended = regime("validate", "--all", "--now", NOW, "--json", settings=validated)

    facts = json.loads(ended.out)
    assert (ended.code, facts["exit_code"]) == (1, 1)
    assert facts["counts"] == {"passed": 1, "blocked": 1}
    blocked = facts["symbols"][1]["series"][0]
    assert (blocked["status"], blocked["bars"]) == ("blocked", 290)
    assert "newer bars are blocked: 1day: high_low_order rejected 1 bar" in blocked["reason"]
    assert "`regime bars exclude BAD 1day 20" in blocked["reason"]
    assert len(facts["symbols"][0]["series"][0]["findings"]) > 20
    assert fingerprint(validated.data_root) == before


@pytest.mark.parametrize(
    ("symbols", "code"), [(["AAA"], 0), (["BAD"], 1), (["AAA", "BAD"], 1), (["--all"], 1)]
)
def test_exit_code_is_0_only_where_all_pass(
    regime: Regime, validated: Settings, symbols: list[str], code: int
) -> None:
    assert regime("validate", *symbols, "--now", NOW, settings=validated).code == code


def test_the_raw_log_shows_the_bad_bar_and_its_remedy(regime: Regime, validated: Settings) -> None:
    ended = regime("validate", "BAD", "--input", "raw", settings=validated)

    assert ended.code == 1
    assert "BAD 1day high_low_order: 2013-02-25 high" in ended.out
    assert "correct the bar at its source and fetch again" in ended.out
    assert "1 symbol: 1 blocked" in ended.err


def test_the_command_beside_an_unadjusted_split_adjusts_for_it(
    regime: Regime, tmp_path: Path
) -> None:
    settings, at = street(tmp_path, ["AAA"]), ("--now", "2026-11-22T03:15Z")
    bars = make_bars(300, seed=2)
    serve(settings, "AAA", "1day", changed(bars, slice(0, 150), **times(2.0)))
    assert regime("run", "AAA", *at, settings=settings).code == 0
    shown = regime("validate", "AAA", "--input", "raw").out
    (words,) = re.findall(r"`regime (actions add .*?)`", " ".join(shown.split()))

    assert regime(*shlex.split(words), *at).code == 0
    assert regime("run", "AAA", *at).code == 0

    assert words == f"actions add AAA split {bars['ts'][150].date()} 2:1 --reason TEXT"
    assert "unadjusted_split" not in regime("validate", "AAA").out


def test_a_symbol_never_fetched_fails_with_what_to_run(regime: Regime, tmp_path: Path) -> None:
    ended = regime("validate", "AAA", settings=street(tmp_path, ["AAA"]))

    assert ended.code == 1
    assert "AAA has no bars: never fetched; `regime run AAA` fetches them" in ended.out
    assert ended.err.splitlines()[-1] == "1 symbol: 1 no_bars"


def test_damaged_symbol_fails_and_the_others_are_validated(
    regime: Regime, validated: Settings
) -> None:
    part = next((validated.data_root / "assets" / "BAD" / "bars" / "1day").iterdir())
    part.write_bytes(part.read_bytes()[:-9])

    ended = regime("validate", "--all", "--now", NOW, "--json", settings=validated)

    reports = {symbol["symbol"]: symbol for symbol in json.loads(ended.out)["symbols"]}
    assert ended.code == 1
    assert reports["AAA"]["status"] == "passed"
    assert reports["BAD"]["status"] == "failed"
    assert "is damaged" in reports["BAD"]["reason"]


def test_any_file_of_bars_is_validated(regime: Regime, tmp_path: Path) -> None:
    GOOD.write_parquet(tmp_path / "good.parquet")
    BAD.write_csv(tmp_path / "bad.csv")
    options = ("--symbol", "ZZZ", "--timeframe", "1d", "--asset-class", "US_EQUITY", "--now", NOW)

    good = regime("validate", "--input", "file", str(tmp_path / "good.parquet"), *options)
    bad = regime("validate", "--input", "file", str(tmp_path / "bad.csv"), *options)

    assert (good.code, bad.code) == (0, 1)
    assert "ZZZ 1day high_low_order" in bad.out
    with_value(make_bars(20, "5min"), 3, high=1.0).write_csv(tmp_path / "EURUSD_M5.csv")
    options = ("--symbol", "EURUSD", "--timeframe", "M5", "--asset-class", "FX", "--now", NOW)
    ended = regime("validate", "--input", "file", str(tmp_path / "EURUSD_M5.csv"), *options)
    assert ended.code == 1
    assert "EURUSD 5min high_low_order" in ended.out


def test_live_db_is_validated_by_symbol(regime: Regime, tmp_path: Path) -> None:
    days = [str(ts.date()) for ts in GOOD["ts"]]
    rows = [row("AAA", "1day", day) for day in days] + [row("BBB", "1day", days[0], -1.0)]
    path = str(live_db(tmp_path / "live.db", rows))
    of = ("--asset-class", "US_EQUITY", "--now", NOW)

    both = regime("validate", "--input", "live", path, *of)
    single = regime("validate", "--input", "live", path, "aaa", *of)

    assert (both.code, single.code) == (1, 0)
    assert "BBB 1day invalid_volume" in both.out
    assert "AAA 1day stale_run" in single.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--input", "tape"], "--input tape: expected one of parquet, raw, live, file"),
        (["x.csv", "--symbol", "A", "--timeframe", "1h"], "error[conflicting-options]"),
        (["--input", "file", "x.csv"], "needs one PATH, --symbol and --timeframe"),
        (["--input", "file", "x.csv", "--symbol", "A", "--timeframe", "1h"], "x.csv is not a file"),
        (["--input", "live"], "needs the PATH of the live.db"),
        ([], "no symbols"),
    ],
)
def test_invalid_arguments_end_with_2(regime: Regime, arguments: list[str], words: str) -> None:
    ended = regime("validate", *arguments)

    assert ended.code == 2
    assert words in ended.err


def test_symbol_of_unknown_asset_class_is_refused(regime: Regime, tmp_path: Path) -> None:
    GOOD.write_parquet(tmp_path / "good.parquet")

    ended = regime(
        *("validate", "--input", "file", str(tmp_path / "good.parquet")),
        *("--symbol", "ZZZ", "--timeframe", "1day"),
    )

    assert ended.code == 2
    assert "ZZZ is not in the universe" in ended.err


def test_a_file_in_place_of_a_symbol_is_named_with_the_options_it_needs(
    regime: Regime, tmp_path: Path
) -> None:
    path = tmp_path / "Bars.csv"
    path.write_text("x")

    ended = regime("validate", str(path))

    assert ended.code == 2
    assert f"{path} is a file, not a symbol; `regime validate --input file {path}" in ended.err
