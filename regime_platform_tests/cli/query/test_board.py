"""`regime board` and `regime charts`: rows, order and pages."""

import json
import re
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from regime_platform.report import page
from regime_platform.settings import Settings
from regime_platform_tests.boards import made_board
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import fingerprint, serve, street


def test_board_has_a_row_per_symbol_or_by_request_per_series(on_sample: Regime) -> None:
    symbols = json.loads(on_sample("board", "--json").out)
    series = json.loads(on_sample("board", "--by-timeframe", "--json").out)

    assert [row["symbol"] for row in symbols] == ["EURUSD", "SYNTH", "AAPL", "FB", "GOOG"] + [
        row["symbol"] for row in symbols[5:]
    ]
    assert {row["timeframe"] for row in symbols} == {"1day"}
    assert [(row["symbol"], row["timeframe"]) for row in series][-2:] == [
        ("MSFT", "1day"),
        ("MSFT", "1week"),
    ]
    last = {row["timeframe"]: row["regime_label"] for row in series if row["symbol"] == "MSFT"}
    assert {name: symbols[-1][f"regime_{name}"] for name in last} == last
    assert symbols[-1]["regime_1h"] is None


def test_the_board_is_sorted_by_escalation_with_the_unknown_last(on_sample: Regime) -> None:
    rows = json.loads(on_sample("board", "--sort", "escalation", "--tier", "daily", "--json").out)

    known = [row["esc_pctl"] for row in rows if row["esc_pctl"] is not None]
    assert known == sorted(known, reverse=True)
    assert rows[-1]["esc_pctl"] is None


def test_board_fits_into_80_columns_and_shows_all_at_120(
    on_sample: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = {}
    for columns in ("80", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        printed[columns] = on_sample("board", "--now", "2026-11-20").out

    for columns, text in printed.items():
        assert max(len(line.rstrip()) for line in text.splitlines()) <= int(columns)
        assert "trending bull" in text
        assert "▲ trending bull" in text
    header = printed["120"].splitlines()[0].split()
    wide = "15m 1h 4h 1d 1w regime since bars from escalation mean last bar e/w"
    assert " ".join(header) == f"symbol price change {wide}"
    assert "a wider terminal shows bars, mean" in printed["80"]
    assert "a wider terminal" not in printed["120"]


def test_filters_narrow_every_form_alike(on_sample: Regime) -> None:
    words = ("board", "--bucket", "high", "--regime", "panic-risk", "--regime", "transition")

    rows = json.loads(on_sample(*words, "--json").out)
    csv = on_sample(*words, "--csv").out.splitlines()
    none = on_sample("board", "--changed-since", "2030-01-01")
    wrong = {
        code: on_sample("board", *option)
        for code, option in (
            ("unknown-regime", ("--regime", "panic-rsk")),
            ("unknown-bucket", ("--bucket", "huge")),
            ("unknown-class", ("--class", "US_EQUTY")),
            ("bad-time", ("--changed-since", "lately")),
            ("conflicting-formats", ("--csv", "--json")),
        )
    }

    assert {row["escalation_bucket"] for row in rows} == {"HIGH"}
    assert {row["regime_label"] for row in rows} <= {"PANIC_RISK", "TRANSITION"}
    assert [line.split(",")[0] for line in csv] == ["symbol", *(row["symbol"] for row in rows)]
    assert (none.code, none.out) == (0, "")
    assert "`regime board` shows all" in none.err
    for code, ended in wrong.items():
        assert ended.code == 2
        assert f"error[{code}]" in ended.err
    assert "did you mean PANIC_RISK?" in wrong["unknown-regime"].err


@pytest.mark.slow
def test_named_symbols_and_ranges_alone_are_shown(regime: Regime, drawn: Settings) -> None:
    board = {
        words: {row["symbol"] for row in json.loads(regime("board", *words.split(), "--json").out)}
        for words in ("BBB", "AAA...BBB", "--tier daily")
    }

    assert board == {"BBB": {"BBB"}, "AAA...BBB": {"AAA", "BBB"}, "--tier daily": {"AAA", "BBB"}}
    assert regime("charts", "AAA...BBB", "--json", settings=drawn).code == 3


def test_empty_board_names_the_command_that_fills_it(regime: Regime) -> None:
    ended = regime("board")

    assert ended.code == 0
    assert "regime run --all" in ended.err


@pytest.fixture
def drawn(regime: Regime, tmp_path: Path) -> Settings:
    """AAA has results, BBB has too few bars for any."""
    settings = street(tmp_path, ["AAA", "BBB"])
    serve(settings, "AAA", "1day", make_bars(420))
    serve(settings, "BBB", "1day", make_bars(120))
    regime("run", "--all", settings=settings)
    return settings


def test_pages_are_written_for_symbols_with_results_and_only_once(
    regime: Regime, drawn: Settings
) -> None:
    first = json.loads(regime("charts", "--json", settings=drawn).out)
    before = fingerprint(drawn.data_root)

    second = json.loads(regime("charts", "--json", settings=drawn).out)
    run = json.loads(regime("run", "--all", "--charts", "--json", settings=drawn).out)

    assert list(first["pages"]) == ["AAA"]
    assert first["is_written"] == {"AAA": True}
    assert second["is_written"] == run["is_written"] == {"AAA": False}
    assert fingerprint(drawn.data_root) == before


def test_named_symbol_without_results_is_a_problem(regime: Regime, drawn: Settings) -> None:
    both = regime("charts", "AAA", "BBB", settings=drawn)
    alone = regime("charts", "BBB", settings=drawn)

    assert (both.code, alone.code) == (3, 1)
    assert "BBB: no timeframe has enough bars for a state" in alone.err


def test_without_the_charts_libraries_the_extra_is_named(
    on_sample: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(page, "version", missing)

    ended = on_sample("charts", "MSFT")

    assert ended.code == on_sample("run", "MSFT", "--charts").code == 1
    assert "error[extra-missing]: litecharts" in ended.err
    assert "'regime-platform[charts]'" in ended.err


def test_page_of_the_board_is_one_file_and_the_same_for_the_same_data(
    on_sample: Regime, tmp_path: Path
) -> None:
    pages = []
    for name in ("first.html", "second.html"):
        target = tmp_path / name
        ended = on_sample("board", "--now", "2026-11-20", "--html", str(target))
        pages.append(target.read_text())
        assert ended.code == 0
        assert "page in" in ended.err

    assert pages[0] == pages[1]
    assert "MSFT" in pages[0]
    assert not re.search(r'(?:src|href)="', pages[0])


def test_marks_and_notes_name_what_is_not_current(regime: Regime, tmp_path: Path) -> None:
    short = {"regime_label": None, "esc_pctl": None, "status": "too_short", "last_ts": None}
    settings = made_board(
        tmp_path / "made",
        {
            ("AAA", "1h"): {"is_left_out": True},
            ("AAA", "1day"): {"rank_bars": 100, "errors": 1},
            ("BBB", "1week"): {"held_back": "failed: its source does not answer"},
            ("CCC", "1day"): {**short, "is_pending": True},
        },
        core=["AAA"],
    )

    shown = regime("board", "--now", "2026-11-25T12:00Z", settings=settings)
    alone = regime("board", "CCC", settings=settings)

    rows = {line.split()[0]: line for line in shown.out.splitlines() if line.strip()}
    assert rows["AAA!"].split()[1:4] == ["1day", "100", "+25.00%"]
    assert "0.500 LOW*" in rows["AAA!"]
    assert "2026-11-20 !2" in rows["AAA!"]
    assert rows["AAA!"].split()[-1] == "1/0"
    assert rows["BBB"].split()[1] == "1week"
    for note in (
        "BBB failed: its source does not answer",
        "CCC: results pending; `regime compute CCC`",
        "AAA: the mean escalation leaves out 1h",
    ):
        assert note in shown.err
    assert alone.out.splitlines()[0].split()[:4] == ["symbol", "price", "change", "regime"]
