"""`regime files add`: from files to entries and mapping, all or nothing."""

from pathlib import Path

import polars as pl
import pytest

from regime_platform.settings import Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Ended, Regime, document_of
from regime_platform_tests.scenario import fingerprint

STOCK = ("--class", "US_EQUITY")


def own(folder: Path, name: str, bars: pl.DataFrame | None = None) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (make_bars(60) if bars is None else bars).write_csv(path)
    return path


def entries(folder: Path) -> dict[str, dict[str, object]]:
    settings = Settings(_env_file=None, REGIME_DATA_ROOT=folder / "data")
    return {
        entry.symbol: entry.model_dump(mode="json") for entry in load_universe(settings).instruments
    }


def statuses(ended: Ended) -> dict[str, str]:
    return {Path(each["file"]).name: each["status"] for each in document_of(ended)["files"]}


def test_a_file_becomes_an_entry_and_runs_from_where_it_lies(
    regime: Regime, tmp_path: Path
) -> None:
    own(tmp_path, "bars/aapl_1day.csv")

    added = regime("files", "add", "bars/aapl_1day.csv", *STOCK)

    assert (added.code, added.out.splitlines()[-1]) == (0, "regime run AAPL")
    assert entries(tmp_path) == {
        "AAPL": {
            "symbol": "AAPL",
            "name": "AAPL",
            "asset_class": "US_EQUITY",
            "tier": "daily",
            "source": "files",
            "files": {"1day": str(tmp_path / "bars/aapl_1day.csv")},
        }
    }
    assert not (tmp_path / "bars/mapping.yaml").exists()
    assert regime("update", "AAPL").code == 0
    before = fingerprint(tmp_path / "data")
    again = regime("files", "add", "bars/aapl_1day.csv", "--json")
    assert statuses(again) == {"aapl_1day.csv": "unchanged"}
    assert fingerprint(tmp_path / "data") == before


def test_many_files_become_many_symbols_at_once(regime: Regime, tmp_path: Path) -> None:
    for name in ("A_daily.csv", "B.csv", "C/1day.csv", "notes.pdf", ".hidden/D.csv"):
        own(tmp_path, f"bars/{name}")

    planned = regime("files", "add", "bars", *STOCK, "--dry-run", "--json")
    added = regime("files", "add", "bars", *STOCK, "--json")

    assert not (tmp_path / "data").exists() or planned.code == 0
    assert statuses(planned) == statuses(added)
    assert statuses(added) == {
        **dict.fromkeys(("A_daily.csv", "B.csv", "1day.csv"), "added"),
        "notes.pdf": "skipped",
    }
    assert list(entries(tmp_path)) == ["A", "B", "C"]
    assert document_of(added)["next"] == "regime run A B C"


def test_a_refused_file_keeps_all_of_them_out(regime: Regime, tmp_path: Path) -> None:
    own(tmp_path, "A.csv")
    (tmp_path / "B.csv").write_text("ts,open,high,low,close\n2024-01-02,1,1,1\n")

    ended = regime("files", "add", "A.csv", "B.csv", *STOCK)

    assert ended.code == 1
    assert "line 2" in ended.out
    assert "1 refused, 1 clear: nothing was added" in ended.err
    assert not (tmp_path / "data/universe.yaml").exists()
    assert statuses(regime("files", "add", "A.csv", "B.csv", *STOCK, "--json")) == {
        "A.csv": "clear",
        "B.csv": "refused",
    }


def test_a_key_is_stated_of_the_files_that_need_it(regime: Regime, tmp_path: Path) -> None:
    yahoo = make_bars(60).with_columns(Close="close", Adj=pl.col("close") / 2).drop("close")
    for name in ("A.csv", "B.csv"):
        own(tmp_path, name, yahoo.rename({"Adj": "Adj Close"}))
    own(tmp_path, "C.csv")

    chosen = ("--set", "columns={close: Close}")
    added = regime("files", "add", "A.csv", "B.csv", "C.csv", *STOCK, *chosen)

    assert (added.code, added.out.count("columns of --set")) == (0, 1)
    text = (tmp_path / "mapping.yaml").read_text()
    assert text == "symbols: {A: {columns: {close: Close}}, B: {columns: {close: Close}}}\n"
    assert regime("files", "add", "C.csv", *STOCK, *chosen).code == 1
    assert regime("files", "add", "A.csv", *chosen, *chosen).code == 2
    own(tmp_path, "D.csv")
    assert regime("files", "inspect", "D.csv", *STOCK).code == 0
    yahoo.rename({"Adj": "Adj Close"}).write_csv(tmp_path / "E.csv")
    assert regime("files", "add", "E.csv", *STOCK, *chosen, "--symbol", "F").code == 0
    assert regime("files", "inspect", "E.csv").code == 0  # as its entry is read
    assert statuses(regime("files", "add", "E.csv", "--json")) == {"E.csv": "unchanged"}


def test_what_the_file_does_not_show_is_asked_for_by_the_name_of_its_option(
    regime: Regime, tmp_path: Path
) -> None:
    own(tmp_path, "A.csv", make_bars(3))

    ended = regime("files", "add", "A.csv")
    stated = regime("files", "add", "A.csv", "--timeframe", "D1", *STOCK, "--symbol", "bf/b")

    assert ended.code == 1
    assert "timeframe is unclear" in ended.out
    assert "--timeframe" in ended.out
    assert stated.code == 0
    assert entries(tmp_path)["BF.B"]["written"] == "BF/B"


def test_a_pair_and_bars_on_all_days_need_no_class(regime: Regime, tmp_path: Path) -> None:
    hours = make_bars(24 * 40, "1h").with_columns(
        ts=pl.datetime_range(
            pl.datetime(2024, 1, 1), pl.datetime(2024, 3, 1), "1h", time_zone="UTC"
        ).head(24 * 40)
    )
    own(tmp_path, "EURUSD.csv")
    own(tmp_path, "PEPE-h1.csv", hours)

    ended = regime("files", "add", "EURUSD.csv", "PEPE-h1.csv")

    assert ended.code == 0
    assert [each["asset_class"] for each in entries(tmp_path).values()] == ["CRYPTO", "FX"]
    assert entries(tmp_path)["PEPE"]["timeframes"] == ["1h", "4h", "1day", "1week"]


@pytest.mark.slow
def test_files_of_one_series_are_asked_about(regime: Regime, tmp_path: Path) -> None:
    bars = make_bars(60)
    own(tmp_path, "A_2011.csv", bars[:40])
    own(tmp_path, "A_2012.csv", bars[35:])
    pattern = str(tmp_path / "A_*.csv")

    asked = regime("files", "add", "A_2011.csv", "A_2012.csv", *STOCK)
    first = regime("files", "add", "A_2011.csv", *STOCK)
    second = regime("files", "add", "A_2012.csv")
    joined = regime("files", "add", pattern, "--one-series")

    assert [asked.code, first.code, second.code, joined.code] == [1, 0, 1, 0]
    assert "A 1day has 2 files, A_2011.csv, A_2012.csv: with --one-series" in asked.out
    assert "has 2 files" in second.out
    assert entries(tmp_path)["A"]["files"] == {
        "1day": [str(tmp_path / "A_2011.csv"), str(tmp_path / "A_2012.csv")]
    }
    regime("universe", "add", "B", "--name", "B", *STOCK, "--tier", "daily", "--source", "files")
    regime("universe", "remove", "A")
    assert regime("files", "add", pattern, *STOCK, "--one-series").code == 0
    assert entries(tmp_path)["A"]["files"] == {"1day": pattern}


def test_a_known_symbol_gets_the_further_timeframe(regime: Regime, tmp_path: Path) -> None:
    own(tmp_path, "A_1day.csv")
    own(tmp_path, "A_1h.csv", make_bars(60, "1h"))

    regime("files", "add", "A_1day.csv", "--class", "FX", "--symbol", "EURUSD")
    ended = regime("files", "add", "A_1h.csv", "--symbol", "EURUSD", "--json")

    assert statuses(ended) == {"A_1h.csv": "changed"}
    entry = entries(tmp_path)["EURUSD"]
    assert entry["timeframes"] == ["1h", "4h", "1day", "1week"]
    assert entry["files"] == {
        "1h": str(tmp_path / "A_1h.csv"),
        "1day": str(tmp_path / "A_1day.csv"),
    }


def test_a_symbol_of_another_source_or_class_is_refused(regime: Regime, tmp_path: Path) -> None:
    own(tmp_path, "A.csv")
    regime("files", "add", "A.csv", *STOCK)
    sample = ("--name", "X", *STOCK, "--tier", "daily", "--source", "sample")
    regime("universe", "add", "AAPL", *sample)

    other = regime("files", "add", "A.csv", *STOCK, "--symbol", "AAPL")
    kind = regime("files", "add", "A.csv", "--class", "CRYPTO")

    assert (other.code, kind.code) == (1, 1)
    assert "AAPL comes from source sample; give another symbol" in other.out
    assert "A is tracked as US_EQUITY" in kind.out


def test_keys_are_written_beside_the_files(regime: Regime, tmp_path: Path) -> None:
    bars = make_bars(60)
    dates = bars["ts"].dt.strftime("%d/%m/%Y")
    own(tmp_path, "new/A.csv", bars.with_columns(ts=dates))
    settings = ("--set", "time_format=%d/%m/%Y")

    planned = regime("files", "add", "new/A.csv", *STOCK, *settings, "--dry-run")
    assert planned.code == 0
    assert not (tmp_path / "new/mapping.yaml").exists()
    added = regime("files", "add", "new/A.csv", *STOCK, *settings)

    assert added.code == 0
    assert (tmp_path / "new/mapping.yaml").read_text() == "time_format: '%d/%m/%Y'\n"
    assert regime("update", "A").code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("absent.csv",), "no-such-file"),
        (("A.csv", "--class", "STOCK"), "unknown-class"),
        (("A.csv", "--calendar", "XNYSE"), "unknown-calendar"),
        (("A.csv", "--timeframe", "2h"), "unknown-timeframe"),
        (("A.csv", "--tier", "hourly"), "unknown-tier"),
        (("A.csv", "--symbol", "A,B"), "several-symbols"),
        (("A.csv", "--set", "zones=UTC"), "mapping-key"),
    ],
)
def test_an_option_without_meaning_is_refused_before_any_file_is_read(
    regime: Regime, tmp_path: Path, words: tuple[str, ...], code: str
) -> None:
    (tmp_path / "A.csv").write_text("no bars")

    ended = regime("files", "add", *words)

    assert ended.code in (1, 2)
    assert f"error[{code}]" in ended.err


def test_bars_of_another_source_are_not_continued_unasked(regime: Regime, tmp_path: Path) -> None:
    own(tmp_path, "IBM.csv")
    assert regime("update", "IBM", "--raw-only").code == 0  # of the sample universe
    assert regime("universe", "remove", "IBM").code == 0

    refused = regime("files", "add", "IBM.csv", *STOCK)
    other = regime("files", "add", "IBM.csv", *STOCK, "--symbol", "IBM2")

    assert (refused.code, other.code) == (1, 0)
    assert "has bars of IBM from source sample" in refused.out
    assert entries(tmp_path).keys() & {"IBM", "IBM2"} == {"IBM2"}
