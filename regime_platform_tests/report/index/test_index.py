"""The index over the sample: its numbers are those of the stores, the board and `regime status`."""

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from regime_platform.compute_db.reader import read_table
from regime_platform.orchestration.status.check import Check, SymbolItem
from regime_platform.orchestration.status.symbols import symbol_checks
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.board import series_board
from regime_platform.report.index.index import write_index
from regime_platform.report.palette import state_words
from regime_platform_tests.conftest import NOW

_MARKUP = "<script>alert(1)</script>"


@dataclass(frozen=True)
class _Written:
    workspace: RunWorkspace
    rows: Sequence[Check]
    folder: Path
    page: str = field(repr=False)


@pytest.fixture(scope="module")
def written(processed: RunWorkspace, tmp_path_factory: pytest.TempPathFactory) -> _Written:
    """The index of the sample, in a folder that has the page of one symbol, and studies."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "MSFT.html").write_text("a page")
    (folder / "studies").mkdir()
    (folder / "studies" / "index.html").write_text("studies")
    rows = [
        *symbol_checks(processed, NOW),
        Check("daemon", "note", "alive 2 s ago"),
        Check("runs", "error", _MARKUP, items=[SymbolItem("AAA", reason=_MARKUP)]),
    ]
    index = write_index(processed, rows, NOW, folder)
    assert index.is_written
    assert index.size == index.path.stat().st_size
    return _Written(processed, rows, folder, index.path.read_text())


def test_the_counts_are_those_of_status_and_board(written: _Written) -> None:
    tiles = {
        name: int(number.replace(",", ""))
        for number, name in re.findall(r"<b>([\d,]+)</b><span>([^<]+)</span>", written.page)
    }

    counts = {row.name: row for row in written.rows}
    for name in ("blocked", "failed", "no bars", "late bars", "results pending"):
        assert tiles[name] == len(counts[name].items)
    assert tiles["with warnings"] == counts["warnings"].facts["symbols"] > 0
    assert tiles["symbols"] == len(written.workspace.universe.symbols)


def test_each_series_has_a_cell_with_its_regime(written: _Written) -> None:
    cells = re.findall(
        r'<button type="button" class="cell (\w+) \w*" aria-label="(\S+) (\w+):', written.page
    )

    rows = series_board(now=NOW, where=written.workspace.settings)
    expected = {
        (row["symbol"], row["timeframe"]): row["regime_label"] or "none"
        for row in rows.iter_rows(named=True)
    }
    assert {(symbol, timeframe): regime for regime, symbol, timeframe in cells} == expected


def test_the_shares_of_a_month_are_those_of_the_last_states_in_it(written: _Written) -> None:
    plots = [
        json.loads(text)
        for text in re.findall(r'<script type="application/json">(.*?)</script>', written.page)
    ]
    by_month = next(plot for plot in plots if "2008-10-01" in plot["dates"])

    place = by_month["dates"].index("2008-10-01")
    start, end = (dt.datetime(2008, month, 1, tzinfo=dt.UTC) for month in (10, 11))
    labels: Counter[str] = Counter()
    for symbol in written.workspace.universe.symbols:
        paths = written.workspace.root.symbol(symbol)
        if paths.compute_db.exists():
            states = read_table(paths.compute_db, "state_history", timeframe="1day")
            known = states.filter(pl.col("ts").is_between(start, end, closed="left"))
            labels.update(known["regime_label"].drop_nulls().tail(1).to_list())
    shares = {name: series[place] for name, series in by_month["shares"].items()}
    assert by_month["counts"][place] == labels.total() > 1
    assert {name: share for name, share in shares.items() if share} == {
        state_words(label): round(count / labels.total() * 100, 1)
        for label, count in labels.items()
    }


def test_the_same_data_and_moment_give_the_same_bytes_and_no_write(written: _Written) -> None:
    target = written.folder / "index.html"
    before = target.stat()

    again = write_index(written.workspace, written.rows, NOW, written.folder)

    assert not again.is_written
    assert (target.stat().st_mtime_ns, target.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert target.read_text() == written.page


def test_only_pages_that_are_there_are_linked(written: _Written) -> None:
    assert '<a href="studies/index.html">Studies</a>' in written.page
    links = set(re.findall(r'href="(\w+\.html)"', written.page))

    assert links == {"MSFT.html"}


def test_text_from_outside_is_no_markup_and_momentary_rows_are_left_out(written: _Written) -> None:
    assert _MARKUP not in written.page
    # in its row, and as the detail and an item of a problem
    assert written.page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    assert "alive 2 s ago" not in written.page
