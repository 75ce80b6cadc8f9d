"""`regime universe add`, `remove`, `delist` and `rename`: what is written, and what is refused."""

import json
from pathlib import Path

import pytest

from regime_platform.settings import TRACKED_UNIVERSE, Settings, load_universe
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.cli.universe.universes import ASSETS
from regime_platform_tests.scenario import fingerprint

QQQ = (
    *("--name", "A fund", "--class", "US_EQUITY_INDEX", "--tier", "core"),
    *("--source", "twelvedata", "--provider-symbol", "QQQ", "--mic-code", "XNAS"),
)


def test_the_first_edit_copies_the_shipped_universe_into_the_data_root(
    regime: Regime, settings: Settings
) -> None:
    tracked = TRACKED_UNIVERSE.read_text()

    ended = regime("universe", "add", "qqq", *QQQ, settings=settings)

    assert ended.code == 0
    assert ended.out == "QQQ is added\n"
    assert "MSFT of the sample universe stay tracked" in ended.err
    assert load_universe(settings).instrument("QQQ").identity["mic_code"] == "XNAS"
    assert TRACKED_UNIVERSE.read_text() == tracked


def test_a_symbol_is_added_and_addressed_as_it_is_written(
    regime: Regime, settings: Settings
) -> None:
    stock = ("--class", "US_EQUITY", "--tier", "daily", "--source", "files", "--name", "A stock")

    added = regime("universe", "add", "bf/b", *stock, settings=settings)
    again = regime("universe", "add", "BF.B", *stock, settings=settings)
    reserved = regime("universe", "add", "con", *stock, settings=settings)
    listed = regime("universe", "list", "--source", "files", settings=settings)
    delisted = regime("universe", "delist", "bf/b", "--since", "2020-01-31", settings=settings)
    renamed = regime("universe", "rename", "BF/B", "bf/c", settings=settings)
    gone = regime("universe", "remove", "con,bf/c", settings=settings)

    assert (added.out, reserved.out) == ("BF.B is added\n", "CON_ is added\n")
    assert "[symbol-taken]: BF.B would share the folder of BF/B" in again.err
    assert "A stock (written BF/B)" in listed.out
    assert delisted.out == "BF.B is delisted since 2020-01-31\n"
    assert renamed.out == "BF.B is renamed to BF.C\n"
    assert gone.out.startswith("BF.C, CON_ removed")


def test_an_entry_may_have_a_calendar_of_its_own(regime: Regime, settings: Settings) -> None:
    listed = ("VOD", *QQQ[:-1], "XLON", "--calendar", "XLON")

    ended = regime("universe", "add", *listed, settings=settings)

    assert ended.code == 0
    assert load_universe(settings).instrument("VOD").market.zone == "Europe/London"


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
        (("add", "QQQ"), 2, "[bad-entry]: QQQ: name, asset_class, tier, source missing"),
        (("add", "../QQQ", *QQQ), 2, "not safe as a folder name"),
        (("add", "AAA", *QQQ), 2, "AAA is in the universe already"),
        (
            ("add", "QQQ", *QQQ[:-2]),
            2,
            "[bad-entry]: QQQ: US_EQUITY_INDEX at twelvedata needs mic_code",
        ),
        (
            ("add", "QQQ", *QQQ[:-1], "XLON"),
            1,
            "[calendar-contradicted]: QQQ: mic_code XLON trades on calendar XLON, not on XNYS",
        ),
        (
            ("add", "QQQ", *QQQ, "--calendar", "XNYX"),
            2,
            "[bad-entry]: QQQ: calendar 'XNYX' is unknown (did you mean XNYS",
        ),
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
        (("rename", "AAA", "A$B"), 2, "not safe as a folder name and partition key"),
        (("add", "QQQ,SPY", *QQQ), 2, "[several-symbols]: 'QQQ,SPY' is 2 symbols, QQQ and SPY"),
        (("rename", "AAA,BBB", "C"), 2, "[several-symbols]"),
        (("delist", "AAA,BBB"), 2, "[several-symbols]"),
        (("import", "none.json"), 2, "cannot read none.json"),
    ],
)
def test_invalid_edits_are_refused_and_write_nothing(
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
def test_dry_run_shows_the_result_and_writes_nothing(
    regime: Regime, own: Settings, words: tuple[str, ...]
) -> None:
    before = fingerprint(own.data_root)

    ended = regime("universe", *words, "--dry-run", "--json", settings=own)

    facts = json.loads(ended.out)
    assert ended.code == 0
    assert facts["is_written"] is False
    assert facts["added"] or facts["removed"] or facts["changed"]
    assert fingerprint(own.data_root) == before


def test_delisted_symbol_answers_with_its_delisting_date(regime: Regime, own: Settings) -> None:
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


@pytest.mark.slow
def test_a_renamed_symbol_answers_under_its_new_name_and_the_old_one_points_to_it(
    regime: Regime, own: Settings
) -> None:
    regime("run", "AAA", settings=own)
    before = json.loads(regime("history", "AAA", "1day", "--json").out)

    ended = regime("universe", "rename", "AAA", "TLT", "--now", "2026-11-20T10:00Z")
    old = regime("state", "AAA")
    after = json.loads(regime("history", "TLT", "1day", "--json").out)

    assert ended.code == 0
    assert ended.out == "AAA is renamed to TLT\n"
    assert "era class changes from EQUITIES_US to RATES_LONG" in ended.err
    assert "move the folder AAA" in ended.err
    assert (old.code, "AAA was renamed to TLT; ask for the new name" in old.err) == (2, True)
    assert after == [{**row, "symbol": "TLT"} for row in before]


@pytest.fixture
def legacy_universe(tmp_path: Path) -> Path:
    """universe.json of the engine that this platform replaces."""
    file = tmp_path / "universe.json"
    rows = [{**asset, "name": "", "exchange": "", "update_frequency": "15min"} for asset in ASSETS]
    file.write_text(json.dumps(rows, indent=1))
    return file


def test_universe_of_the_legacy_engine_is_imported_where_it_is_unambiguous(
    regime: Regime, own: Settings, legacy_universe: Path
) -> None:
    ended = regime("universe", "import", str(legacy_universe), settings=own)

    assert ended.code == 3
    rows = [line.split()[:3] for line in ended.out.splitlines()[2:]]
    assert rows == [["2", "SPY", "refused"], ["10", "USDJPY", "new"]]
    assert "give --listings or --mic-code" in ended.out
    assert "USD/JPY are two currencies: FX" in ended.out
    assert load_universe(own).symbols == ("USDJPY", "AAA", "BBB")

    again = regime("universe", "import", str(legacy_universe), "--mic-code", "ARCX", "--json")

    facts = json.loads(again.out)
    assert again.code == 0
    assert [line["status"] for line in facts["lines"]] == ["new", "held"]
    assert [entry["symbol"] for entry in facts["added"]] == ["SPY"]


def test_import_of_only_ambiguous_lines_ends_with_1_and_writes_nothing(
    regime: Regime, own: Settings, tmp_path: Path
) -> None:
    before, listed = fingerprint(own.data_root), tmp_path / "core.txt"
    listed.write_text("IBM MSFT\n")

    ended = regime("universe", "import", str(listed), settings=own)

    assert ended.code == 1
    assert "asset_class, tier, source missing" in ended.out
    written = fingerprint(own.data_root)
    assert {name: text for name, text in written.items() if name != ".universe.lock"} == before


def test_import_may_replace_the_universe_and_keeps_delistings(
    regime: Regime, own: Settings, tmp_path: Path
) -> None:
    listed = tmp_path / "core.txt"
    listed.write_text("AAA NEW\n")
    options = ("--class", "US_EQUITY", "--tier", "daily", "--source", "files", "--replace")
    regime("universe", "delist", "AAA", "--since", "2020-01-31", settings=own)

    ended = regime("universe", "import", str(listed), *options)

    universe = load_universe(own)
    assert ended.code == 0
    assert universe.symbols == ("AAA", "NEW")
    assert universe.instrument("AAA").delisted == "2020-01-31"


def test_the_first_import_tracks_only_what_it_imports(
    regime: Regime, settings: Settings, tmp_path: Path
) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("symbol,name,timeframes\nAAPL,Apple,1week 1d\nCCC,C,\n")
    options = ("--class", "US_EQUITY", "--tier", "core", "--source", "files")

    ended = regime("universe", "import", str(listed), *options, settings=settings)

    assert ended.code == 0
    assert "no longer tracked: EURUSD" in ended.err
    tracked = load_universe(settings)
    assert {each.symbol: each.own_timeframes for each in tracked.instruments} == {
        "AAPL": ("1day", "1week"),
        "CCC": (),
    }
    ended = regime("universe", "timeframes", "CCC", "1day", "--json", settings=settings)
    (change,) = json.loads(ended.out)["changed"]
    assert change["timeframes"] == ["1day"]
    ended = regime("universe", "timeframes", "AAPL", settings=settings)
    assert "AAPL is tracked on 15min, 1h, 4h, 1day, 1week" in ended.out
    more = ("--class", "US_EQUITY", "--tier", "daily", "--source", "files")
    ended = regime(
        "universe", "add", "DDD", "--name", "D", *more, "--timeframe", "1d", settings=settings
    )
    assert load_universe(settings).instrument("DDD").timeframes == ("1day",)
