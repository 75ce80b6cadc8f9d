"""The package as a notebook sees it, and the symbols of a store."""

import html
import inspect
from pathlib import Path

import polars as pl
import pytest

import regime_platform as rp
from regime_platform.api.caveats import AnswerWarning
from regime_platform.errors import ResultsError, UsageError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.conftest import NOW
from regime_platform_tests.error_codes import raises

_OTHERS = {"Store", "errors", "open"}
_SHORTCUTS = [name for name in rp.__all__ if name not in _OTHERS]


def test_the_package_lists_and_gives_what_a_store_has(
    processed: RunWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = {name for name in dir(rp.Store) if not name.startswith("_")} - {"root"}

    assert {name for name in dir(rp) if not name.startswith("_")} == {*public, *_OTHERS}
    assert {*_SHORTCUTS} == public
    # the environment counts at the time of use
    monkeypatch.setenv("REGIME_DATA_ROOT", str(processed.root.path))
    assert rp.open().root == processed.root.path
    assert rp.symbols().equals(rp.open(processed.root.path).symbols())
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = rp.nothing


@pytest.mark.parametrize("name", [*_SHORTCUTS, "open"])
def test_every_function_is_typed_and_explained(name: str) -> None:
    function = getattr(rp, name)
    signature = inspect.signature(function)
    text = inspect.getdoc(function) or ""

    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert parameter.kind not in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}
    assert "Raises:" in text
    assert "Example:" in text
    assert f"rp.{name}(" in text.split("Example:")[1]
    if len(signature.parameters) > 2:
        described = text.split("Args:")[1].split("Raises:")[0]
        assert [n for n in signature.parameters if f"{n}:" not in described] == []


def test_symbols_are_a_frame(processed: RunWorkspace) -> None:
    store = rp.open(str(processed.root.path))

    rows = store.symbols()

    assert rows["symbol"].to_list() == list(processed.universe.symbols)
    assert rows.filter(symbol="AAPL")["timeframes"].to_list() == ["1day,1week"]
    assert rows["delisted"].null_count() == rows.height
    assert store.symbols(tier="core", asset_class="FX")["symbol"].to_list() == ["EURUSD"]
    assert store.symbols(asset_class="CRYPTO").schema == rows.schema
    assert repr(store) == f"Store({str(processed.root.path)!r})"
    with raises(UsageError, "unknown-tier"):
        store.symbols(tier="gold")
    assert store.symbols(asset_class="fx")["symbol"].to_list() == ["EURUSD"]
    with raises(UsageError, "unknown-class", match="US_EQUITY"):
        store.symbols(asset_class="STOCKS")


def test_the_board_is_filtered_and_agrees_with_the_states(
    processed: RunWorkspace, tmp_path: Path
) -> None:
    store = rp.Store(processed.settings, clock=NOW.timestamp)
    (tmp_path / "mine.txt").write_text("msft\nAAPL  # core\n", encoding="utf-8")

    board = store.board(sort="escalation")
    mine = store.board(watchlist=tmp_path / "mine.txt", timeframe="1w")
    series = store.board("AAPL", by_timeframe=True)

    assert board.height == len(processed.universe.symbols)
    assert board["esc_pctl"].drop_nulls().is_sorted(descending=True)
    assert mine["symbol"].to_list() == ["AAPL", "MSFT"]
    assert series["timeframe"].to_list() == ["1day", "1week"]
    shared = ["symbol", "timeframe", "regime_label", "regime_since", "esc_pctl", "missing"]
    assert series.select(shared).equals(store.state("AAPL").select(shared))
    label = series["regime_label"][0]
    assert "AAPL" in store.board(regime=label.lower().replace("_", " "))["symbol"]
    high = store.board(bucket=["HIGH", "med"], asset_class="US_EQUITY", changed_since="2013-01-01")
    assert {*high["escalation_bucket"]} <= {"HIGH", "MED"}
    assert store.board(changed_since="2030-01-01").is_empty()
    with raises(UsageError, "conflicting-options"):
        store.board("IBM", watchlist=tmp_path / "mine.txt")
    for wrong in ({"sort": "size"}, {"regime": "calm"}, {"changed_since": "x"}, {"tier": "gold"}):
        with pytest.raises(UsageError):
            store.board(**wrong)  # type: ignore[arg-type]


def test_rows_of_the_board_are_shown_as_a_page(processed: RunWorkspace, tmp_path: Path) -> None:
    store = rp.Store(processed.settings, clock=NOW.timestamp)
    page = store.board_page(store.board().filter(pl.col("symbol") != "IBM"))

    text = page.save(tmp_path / "board.html").read_text(encoding="utf-8")
    framed = page._repr_html_()

    assert ">AAPL<" in text
    assert ">IBM<" not in text
    assert repr(page) == "board of 6 rows"
    assert ">IBM<" in store.board_page().html
    # the page is one attribute of the frame
    assert html.unescape(framed.split('srcdoc="')[1].split('"')[0]) == text
    with raises(UsageError, "board-columns", match="asset_class"):
        store.board_page(store.board().drop("asset_class"))


def test_symbols_are_compared_in_frames(processed: RunWorkspace) -> None:
    store = rp.open(processed.root.path)

    compared = store.compare("ibm,MSFT", since="2012-01-01")

    assert compared.latest["symbol"].to_list() == ["IBM", "MSFT"]
    assert compared.aligned.columns == ["ts", "IBM", "MSFT"]
    assert compared.aligned["ts"].dt.year().min() == 2012
    same = compared.aligned.select((pl.col("IBM") == pl.col("MSFT")).mean()).item()
    assert compared.pairs["regime_agreement"].to_list() == [same]
    with raises(UsageError, "too-few-symbols"):
        store.compare("IBM")


def test_findings_are_a_frame(processed: RunWorkspace) -> None:
    store = rp.open(processed.root.path)

    findings = store.findings()

    assert findings.filter(pl.col("severity") == "warning")["count"].sum() == 1
    assert store.findings(findings["symbol"]).equals(findings)
    assert store.findings("IBM").schema == findings.schema


def test_a_store_without_data_names_the_remedy(tmp_path: Path) -> None:
    assert isinstance(rp.open(tmp_path).symbols(), pl.DataFrame)
    with pytest.warns(AnswerWarning, match="`regime run --all` fills it"):
        assert rp.open(tmp_path).board().is_empty()
    with raises(ResultsError, "no-bars", match="`regime run AAPL`"):
        rp.open(tmp_path).state("AAPL")
