"""state, history, bars, board and doctor on the sample universe."""

import json
from pathlib import Path

import polars as pl
import pytest

from regime_platform_tests.cli.conftest import Regime


def test_state_tells_the_regime_since_when_and_why(on_sample: Regime) -> None:
    ended = on_sample("state", "msft")

    assert ended.code == 0
    for told in ("MSFT", "1day", "1week", "regime", "since", "confidence", "why", "2013-03-01"):
        assert told in ended.out


def test_state_as_json_has_one_entry_per_timeframe(on_sample: Regime) -> None:
    states = json.loads(on_sample("state", "MSFT", "--json").out)

    assert list(states) == ["1day", "1week"]
    assert states["1day"]["regime"] == "TRANSITION"
    assert states["1day"]["reasons_top"] == ["ALIGNMENT_STRONG", "MB_BEARISH"]


def test_state_of_one_timeframe_takes_an_alias(on_sample: Regime) -> None:
    assert list(json.loads(on_sample("state", "MSFT", "--timeframe", "1w", "--json").out)) == [
        "1week"
    ]


def test_state_of_a_symbol_too_short_for_one_says_so(on_sample: Regime) -> None:
    ended = on_sample("state", "FB")

    assert ended.code == 0
    assert "no timeframe with enough bars" in ended.err


def test_state_before_any_run_names_the_command_to_run(regime: Regime) -> None:
    ended = regime("state", "AAPL")

    assert ended.code == 1
    assert "`regime run AAPL` makes them" in ended.err


def test_history_shows_the_last_bars(on_sample: Regime) -> None:
    ended = on_sample("history", "MSFT", "1day", "--last", "2")

    assert [line.split()[0] for line in ended.out.splitlines()[2:]] == ["2013-02-28", "2013-03-01"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_history_is_exported_whole_and_without_forward_labels(
    on_sample: Regime, tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / f"out{suffix}"

    ended = on_sample("history", "MSFT", "1day", "--since", "2013-01-01", "--output", str(target))

    rows = pl.read_csv(target) if suffix == ".csv" else pl.read_parquet(target)
    assert ended.code == 0
    assert rows.height == 41
    assert "fwd_absret_h" not in rows.columns


def test_an_export_to_another_kind_of_file_is_refused(on_sample: Regime) -> None:
    ended = on_sample("history", "MSFT", "1day", "--output", "out.xlsx")

    assert ended.code == 2
    assert ".csv or .parquet" in ended.err


def test_bars_are_shown_from_since_until(on_sample: Regime) -> None:
    ended = on_sample(
        "bars", "eurusd", "1h", "--since", "2017-12-29T20:00", "--until", "2017-12-29T21:00Z"
    )

    assert [line.split()[:2] for line in ended.out.splitlines()[2:]] == [["2017-12-29", "20:00"]]


def test_bars_of_a_timeframe_not_held_name_the_remedy(on_sample: Regime) -> None:
    ended = on_sample("bars", "MSFT", "15min")

    assert ended.code == 1
    assert "MSFT has no 15min bars" in ended.err


def test_the_board_has_a_row_per_symbol_and_timeframe(on_sample: Regime) -> None:
    rows = json.loads(on_sample("board", "--json").out)

    assert [(row["symbol"], row["timeframe"]) for row in rows][-2:] == [
        ("MSFT", "1day"),
        ("MSFT", "1week"),
    ]
    assert rows[0]["symbol"] == "EURUSD"


def test_the_board_is_sorted_by_escalation_with_the_unknown_last(on_sample: Regime) -> None:
    rows = json.loads(on_sample("board", "--sort", "escalation", "--tier", "daily", "--json").out)

    known = [row["esc_pctl"] for row in rows if row["esc_pctl"] is not None]
    assert known == sorted(known, reverse=True)
    assert rows[-1]["esc_pctl"] is None


def test_the_board_fits_into_80_columns_without_tearing_a_word(
    on_sample: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    printed = on_sample("board").out

    assert max(map(len, printed.splitlines())) <= 80
    assert "trending bull" in printed


def test_an_empty_board_says_how_to_fill_it(regime: Regime) -> None:
    ended = regime("board")

    assert ended.code == 0
    assert "regime run --all" in ended.err


def test_the_doctor_finds_a_healthy_house_healthy(on_sample: Regime) -> None:
    ended = on_sample("doctor", "--json")

    facts = json.loads(ended.out)
    assert (ended.code, facts["is_well"]) == (0, True)
    names = {check["name"] for check in facts["checks"]}
    assert {"versions", "data root", "disk", "universe", "kernels", "locks", "board"} <= names


def test_the_doctor_names_a_source_that_cannot_work_and_the_remedy(
    regime: Regime, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    root.mkdir()
    entry = "{symbol: AAA, name: A, asset_class: US_EQUITY, tier: daily, source: files}"
    (root / "universe.yaml").write_text(f"instruments:\n  - {entry}\n")

    ended = regime("doctor")

    assert ended.code == 1
    assert "set REGIME_FILES_ROOT" in ended.out


def test_the_doctor_writes_nothing(regime: Regime, tmp_path: Path) -> None:
    regime("doctor")

    assert list(tmp_path.iterdir()) == []
