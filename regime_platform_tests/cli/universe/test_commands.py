"""regime universe from outside: what it prints, what it writes, how it ends."""

import json
import re
import shlex
from pathlib import Path

import pytest

from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.timeframes import TIERS
from regime_platform.settings import PROJECT_ROOT, TRACKED_UNIVERSE, Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import fingerprint, serve, street

DOCUMENT = (PROJECT_ROOT / "docs" / "universe.md").read_text(encoding="utf-8")
QQQ = (
    *("--name", "A fund", "--class", "US_EQUITY_INDEX", "--tier", "core"),
    *("--source", "twelvedata", "--provider-symbol", "QQQ", "--mic-code", "XNAS"),
)
ASSETS = [
    {"symbol": "SPY", "provider_symbol": "SPY", "asset_class": "US_EQUITY_INDEX"},
    {"symbol": "USDJPY", "provider_symbol": "USD/JPY", "asset_class": "US_EQUITY"},
]


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """A data root with two symbols from files, one of which has bars and results."""
    settings = street(tmp_path, ["AAA", "BBB"])
    serve(settings, "AAA", "1day", make_bars(430))
    return settings


@pytest.fixture
def incumbent(tmp_path: Path) -> Path:
    """universe.json of the engine that this platform replaces."""
    file = tmp_path / "universe.json"
    rows = [{**asset, "name": "", "exchange": "", "update_frequency": "15min"} for asset in ASSETS]
    file.write_text(json.dumps(rows, indent=1))
    return file


def test_the_shipped_universe_has_no_problem_and_is_listed_in_partition_order(
    regime: Regime,
) -> None:
    checked, listed = regime("universe", "check"), regime("universe", "list", "--symbols")

    assert checked.code == 0
    assert "0 problems" in checked.err
    assert "7 symbols, 2 core, 5 daily" in checked.err
    assert listed.out.split() == ["EURUSD", "SYNTH", "AAPL", "FB", "GOOG", "IBM", "MSFT"]


def test_check_tells_every_problem_with_its_line_and_ends_with_1(
    regime: Regime, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    good = "{symbol: A, name: A, asset_class: US_EQUITY, tier: daily, source: files}"
    bad = good.replace("daily", "hourly")
    file.write_text(f"instruments:\n  - {good}\n  - {bad}\n  - {good}\n")

    ended = regime("universe", "check", str(file))
    facts = json.loads(regime("universe", "check", str(file), "--json").out)

    assert ended.code == 1
    assert [line.split(": ")[0] for line in ended.out.splitlines()] == [
        f"{file} line 3",
        f"{file} line 4",
    ]
    assert facts["is_valid"] is False
    assert len(facts["problems"]) == 2


def test_check_tells_folders_that_nobody_follows(regime: Regime, own: Settings) -> None:
    (own.data_root / "assets" / "OLD").mkdir(parents=True)

    ended = regime("universe", "check", settings=own)

    assert ended.code == 0
    assert "not in the universe: OLD; add them" in ended.err


def test_list_narrows_and_gives_json(regime: Regime) -> None:
    ended = regime("universe", "list", "--tier", "daily", "--source", "sample", "--json")
    none = regime("universe", "list", "--class", "FX", "--delisted", "--symbols")

    assert [one["symbol"] for one in json.loads(ended.out)] == ["AAPL", "FB", "GOOG", "IBM", "MSFT"]
    assert none.out == ""


def test_the_first_edit_copies_the_shipped_universe_into_the_data_root(
    regime: Regime, settings: Settings
) -> None:
    tracked = TRACKED_UNIVERSE.read_text()

    ended = regime("universe", "add", "qqq", *QQQ, settings=settings)

    assert ended.code == 0
    assert ended.out == "QQQ is added\n"
    assert "created from the sample universe" in ended.err
    assert load_universe(settings).instrument("QQQ").identity["mic_code"] == "XNAS"
    assert TRACKED_UNIVERSE.read_text() == tracked


def test_the_default_data_root_is_not_edited(
    regime: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REGIME_DATA_ROOT")

    ended = regime("universe", "remove", "AAPL")

    assert ended.code == 1
    assert "set REGIME_DATA_ROOT to a folder of your own" in ended.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("add", "QQQ"), 2, "name, asset_class, tier, source missing"),
        (("add", "../QQQ", *QQQ), 2, "not safe as a folder name"),
        (("add", "AAA", *QQQ), 2, "AAA is in the universe already"),
        (("add", "QQQ", *QQQ[:-2]), 2, "needs mic_code or exchange"),
        (("remove", "NOPE"), 2, "not in the universe: NOPE"),
        (("remove", "AAA", "BBB"), 1, "at least one symbol"),
        (("delist", "NOPE"), 2, "not in the universe: NOPE"),
        (("delist", "AAA", "--since", "soon"), 2, "error[bad-date]"),
        (
            ("delist", "AAA", "--since", "2026-11-21", "--now", "2026-11-20"),
            2,
            "error[time-ahead]",
        ),
        (("delist", "AAA", "--undo", "--since", "2020-01-01"), 2, "error[conflicting-options]"),
        (("rename", "NOPE", "X"), 2, "not in the universe: NOPE"),
        (("rename", "AAA", "BBB"), 2, "BBB is in the universe already"),
        (("rename", "AAA", "A/B"), 1, "not safe as a folder name"),
        (("import", "none.json"), 2, "cannot read none.json"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(
    regime: Regime, own: Settings, words: tuple[str, ...], code: int, message: str
) -> None:
    before = fingerprint(own.data_root)

    ended = regime("universe", *words, settings=own)

    assert ended.code == code
    assert message in ended.err
    written = fingerprint(own.data_root)
    assert {name: text for name, text in written.items() if name != ".universe.lock"} == before


@pytest.mark.parametrize(
    "words",
    [
        ("add", "QQQ", *QQQ),
        ("remove", "AAA"),
        ("delist", "AAA", "--since", "2020-01-31"),
        ("rename", "AAA", "CCC"),
    ],
)
def test_a_dry_run_shows_what_would_be_and_writes_nothing(
    regime: Regime, own: Settings, words: tuple[str, ...]
) -> None:
    before = fingerprint(own.data_root)

    ended = regime("universe", *words, "--dry-run", "--json", settings=own)

    facts = json.loads(ended.out)
    assert ended.code == 0
    assert facts["is_written"] is False
    assert facts["added"] or facts["removed"] or facts["changed"]
    assert fingerprint(own.data_root) == before


def test_a_delisted_symbol_answers_and_says_since_when(regime: Regime, own: Settings) -> None:
    regime("run", "AAA", settings=own)

    delisted = regime("universe", "delist", "aaa", "--now", "2026-11-20T10:00Z")
    ran = regime("run", "AAA", "--json")
    state, history, bars = (
        regime("state", "AAA"),
        regime("history", "AAA", "1day", "--last", "1"),
        regime("bars", "AAA", "1day", "--json"),
    )

    assert delisted.out == "AAA is delisted since 2026-11-20\n"
    assert json.loads(ran.out)["symbols"][0]["fetched"] == []
    assert "delisted since 2026-11-20" in state.out
    assert json.loads(regime("state", "AAA", "--json").out)["1day"]["delisted"] == "2026-11-20"
    for answer in (history, bars, regime("board")):
        assert answer.code == 0
        assert "AAA" in answer.err
        assert "delisted since 2026-11-20" in answer.err
    assert len(json.loads(bars.out)) == 430
    assert regime("universe", "list", "--delisted", "--symbols").out == "AAA\n"


def test_a_renamed_symbol_answers_under_its_new_name_and_the_old_one_points_to_it(
    regime: Regime, own: Settings
) -> None:
    regime("run", "AAA", settings=own)
    before = json.loads(regime("history", "AAA", "1day", "--json").out)

    ended = regime("universe", "rename", "AAA", "TLT", "--now", "2026-11-20T10:00Z")
    old = regime("state", "AAA")
    after = json.loads(regime("history", "TLT", "1day", "--json").out)

    assert ended.code == 0
    assert ended.out == "AAA is TLT now\n"
    assert "era class changes from EQUITIES_US to RATES_LONG" in ended.err
    assert "move the folder AAA" in ended.err
    assert (old.code, "AAA was renamed to TLT; ask for the new name" in old.err) == (2, True)
    assert after == [{**row, "symbol": "TLT"} for row in before]


def test_the_incumbents_universe_is_taken_over_where_it_leaves_no_doubt(
    regime: Regime, own: Settings, incumbent: Path
) -> None:
    ended = regime("universe", "import", str(incumbent), settings=own)

    assert ended.code == 3
    rows = [line.split()[:3] for line in ended.out.splitlines()[2:]]
    assert rows == [["2", "SPY", "refused"], ["10", "USDJPY", "new"]]
    assert "give --listings or --mic-code" in ended.out
    assert "USD/JPY are two currencies: FX" in ended.out
    assert load_universe(own).symbols == ("USDJPY", "AAA", "BBB")

    again = regime("universe", "import", str(incumbent), "--mic-code", "ARCX", "--json")

    facts = json.loads(again.out)
    assert again.code == 0
    assert [line["status"] for line in facts["lines"]] == ["new", "held"]
    assert [one["symbol"] for one in facts["added"]] == ["SPY"]


def test_an_import_of_nothing_but_doubts_ends_with_1_and_writes_nothing(
    regime: Regime, own: Settings, tmp_path: Path
) -> None:
    before, listed = fingerprint(own.data_root), tmp_path / "core.txt"
    listed.write_text("IBM MSFT\n")

    ended = regime("universe", "import", str(listed), settings=own)

    assert ended.code == 1
    assert "asset_class, tier, source missing" in ended.out
    written = fingerprint(own.data_root)
    assert {name: text for name, text in written.items() if name != ".universe.lock"} == before


def test_an_import_may_make_the_whole_universe_and_keeps_what_became_of_its_symbols(
    regime: Regime, own: Settings, tmp_path: Path
) -> None:
    listed = tmp_path / "core.txt"
    listed.write_text("AAA NEW\n")
    told = ("--class", "US_EQUITY", "--tier", "daily", "--source", "files", "--replace")
    regime("universe", "delist", "AAA", "--since", "2020-01-31", settings=own)

    ended = regime("universe", "import", str(listed), *told)

    held = load_universe(own)
    assert ended.code == 0
    assert held.symbols == ("AAA", "NEW")
    assert held.instrument("AAA").delisted == "2020-01-31"


def test_the_commands_of_the_document_run_one_after_the_other(
    regime: Regime, tmp_path: Path
) -> None:
    (tmp_path / "universe.json").write_text(json.dumps([{**ASSETS[0], "update_frequency": "1day"}]))
    (tmp_path / "stocks.json").write_text(json.dumps([{"symbol": "SPY", "mic_code": "ARCX"}]))
    (block,) = re.findall(r"```sh\n(.*?)```", DOCUMENT, flags=re.DOTALL)

    ended = {line: regime(*shlex.split(line, comments=True)[1:]) for line in block.splitlines()}

    assert len(ended) == 7
    assert {line: one.err for line, one in ended.items() if one.code} == {}


def test_the_document_names_every_field_class_and_tier() -> None:
    fields = ["symbol", "name", "asset_class", "tier", "source", "delisted", "formerly"]
    identity = ["provider_symbol", "mic_code", "exchange", "type"]

    named = set(re.findall(r"`([\w.]+)`", DOCUMENT))

    assert {*fields, *identity, *ASSET_CLASSES, *TIERS} <= named
