"""regime validate: every kind of input, the three exit codes, table, JSON and page."""

import json
from pathlib import Path

import pytest

from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.legacy.readers.test_live_db import live_db, row
from regime_platform_tests.scenario import fingerprint, serve, street, with_value

GOOD = make_bars(420, seed=1)
BAD = with_value(make_bars(420, seed=2), 300, low=1e6)
NOW = "2026-11-22T03:15Z"


@pytest.fixture
def served(tmp_path: Path, regime: Regime) -> Settings:
    """AAA is good; BAD was promoted once and then got a bad bar; both were walked."""
    settings = street(tmp_path, ["AAA", "BAD"])
    serve(settings, "AAA", "1day", GOOD)
    serve(settings, "BAD", "1day", BAD.head(290))
    assert regime("run", "--all", "--now", "2026-11-20", settings=settings).code == 0
    serve(settings, "BAD", "1day", BAD)
    assert regime("run", "--all", "--now", NOW, settings=settings).code == 3
    return settings


def test_canonical_bars_are_judged_and_what_is_held_back_is_told(
    regime: Regime, served: Settings
) -> None:
    before = fingerprint(served.data_root)

    ended = regime("validate", "--all", "--now", NOW, "--json", settings=served)

    facts = json.loads(ended.out)
    assert (ended.code, facts["exit_code"]) == (3, 3)
    assert facts["counts"] == {"passed": 1, "blocked": 1}
    blocked = facts["symbols"][1]["series"][0]
    assert (blocked["status"], blocked["bars"]) == ("blocked", 290)
    assert "newer bars are held back: 1day: high_low_order rejected 1 bar" in blocked["reason"]
    assert len(facts["symbols"][0]["series"][0]["findings"]) > 20
    assert fingerprint(served.data_root) == before


@pytest.mark.parametrize(
    ("symbols", "code"), [(["AAA"], 0), (["BAD"], 1), (["AAA", "BAD"], 3), (["--all"], 3)]
)
def test_the_exit_code_says_whether_all_some_or_none_pass(
    regime: Regime, served: Settings, symbols: list[str], code: int
) -> None:
    assert regime("validate", *symbols, "--now", NOW, settings=served).code == code


def test_the_raw_log_shows_the_bad_bar_and_its_remedy(regime: Regime, served: Settings) -> None:
    ended = regime("validate", "BAD", "--input", "raw", settings=served)

    assert ended.code == 1
    assert "BAD 1day high_low_order: 2013-02-25 high" in ended.out
    assert "correct the bar at its source and fetch again" in ended.out
    assert "1 symbol: 1 blocked" in ended.err


def test_a_symbol_never_fetched_fails_with_what_to_run(regime: Regime, tmp_path: Path) -> None:
    ended = regime("validate", "AAA", settings=street(tmp_path, ["AAA"]))

    assert ended.code == 1
    assert "no canonical bars; `regime run AAA` fetches them" in ended.out


def test_a_damaged_symbol_fails_and_the_others_are_judged(regime: Regime, served: Settings) -> None:
    part = next((served.data_root / "assets" / "BAD" / "bars" / "1day").iterdir())
    part.write_bytes(part.read_bytes()[:-9])

    ended = regime("validate", "--all", "--now", NOW, "--json", settings=served)

    told = {symbol["symbol"]: symbol for symbol in json.loads(ended.out)["symbols"]}
    assert ended.code == 3
    assert told["AAA"]["status"] == "passed"
    assert told["BAD"]["status"] == "failed"
    assert "is damaged" in told["BAD"]["reason"]


def test_gaps_are_listed_stretch_by_stretch(regime: Regime, tmp_path: Path) -> None:
    settings = street(tmp_path, ["AAA"])
    holed = GOOD[[*range(100), *range(103, 420)]]
    serve(settings, "AAA", "1day", holed)
    regime("run", "AAA", "--now", NOW, settings=settings)

    plain = regime("validate", "AAA", "--now", NOW, "--json", settings=settings)
    listed = regime("validate", "AAA", "--now", NOW, "--check-gaps", settings=settings)
    facts = regime("validate", "AAA", "--now", NOW, "--check-gaps", "--json", settings=settings).out

    assert "gaps" not in json.loads(plain.out)["symbols"][0]["series"][0]
    assert listed.code == 0
    assert "1 gap" in listed.err
    (gap,) = json.loads(facts)["symbols"][0]["series"][0]["gaps"]
    assert gap["first"][:10] == str(GOOD["ts"][100].date())
    assert (gap["missing"], gap["sessions"]) == (3, 3)
    assert str(GOOD["ts"][100].date()) in listed.out


def test_any_file_of_bars_is_judged(regime: Regime, tmp_path: Path) -> None:
    GOOD.write_parquet(tmp_path / "good.parquet")
    BAD.write_csv(tmp_path / "bad.csv")
    whose = ("--symbol", "ZZZ", "--timeframe", "1d", "--asset-class", "US_EQUITY", "--now", NOW)

    good = regime("validate", "--input", "file", str(tmp_path / "good.parquet"), *whose)
    bad = regime("validate", "--input", "file", str(tmp_path / "bad.csv"), *whose)

    assert (good.code, bad.code) == (0, 1)
    assert "ZZZ 1day high_low_order" in bad.out


def test_a_live_db_is_judged_by_symbol(regime: Regime, tmp_path: Path) -> None:
    days = [str(ts.date()) for ts in GOOD["ts"]]
    rows = [row("AAA", "1day", day) for day in days] + [row("BBB", "1day", days[0], -1.0)]
    path = str(live_db(tmp_path / "live.db", rows))
    of = ("--asset-class", "US_EQUITY", "--now", NOW)

    both = regime("validate", "--input", "live", path, *of)
    one = regime("validate", "--input", "live", path, "aaa", *of)

    assert (both.code, one.code) == (3, 0)
    assert "BBB 1day invalid_volume" in both.out
    assert "AAA 1day stale_run" in one.out


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
def test_what_makes_no_sense_ends_with_2(regime: Regime, arguments: list[str], words: str) -> None:
    ended = regime("validate", *arguments)

    assert ended.code == 2
    assert words in ended.err


def test_a_symbol_of_unknown_class_is_not_guessed(regime: Regime, tmp_path: Path) -> None:
    GOOD.write_parquet(tmp_path / "good.parquet")

    ended = regime(
        *("validate", "--input", "file", str(tmp_path / "good.parquet")),
        *("--symbol", "ZZZ", "--timeframe", "1day"),
    )

    assert ended.code == 2
    assert "ZZZ is not in the universe" in ended.err


def test_the_page_needs_nothing_else_and_tells_every_rule(
    regime: Regime, served: Settings, tmp_path: Path
) -> None:
    page = tmp_path / "out" / "validation.html"

    regime("validate", "--all", "--input", "raw", "--html", str(page), settings=served)

    text = page.read_text()
    assert "http" not in text.replace("http-equiv", "")
    assert "src=" not in text
    for words in ("BAD", "high_low_order", "missing_sessions", "price_jump", "correct the bar"):
        assert words in text
    assert '<tr class="blocked"><td>BAD</td>' in text
