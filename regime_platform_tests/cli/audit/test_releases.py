"""The release table and `regime snapshot diff`: against another snapshot, a table, and now."""

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import pytest

from regime_platform.audit.release.comparison import compare
from regime_platform.audit.release.table import release_csv, release_table
from regime_platform.audit.snapshots import snapshots, take_snapshot
from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.audit.snapshot_scenario import EVENTS, SYMBOLS, Scenario, opened
from regime_platform_tests.cli.conftest import Ended, Regime, document_of
from regime_platform_tests.scenario import street

_ISO = "%Y-%m-%dT%H:%M:%SZ"
NOW = ("--now", "2026-11-24T09:00Z")


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three symbols, a snapshot of them, and then another bar of AAA."""
    folder = tmp_path_factory.mktemp("release")
    run = opened(street(folder, SYMBOLS))
    take_snapshot(run.workspace, run.now.date(), run.now, "before")
    EVENTS["a new bar"][0](run.tomorrow())
    return folder


@pytest.fixture
def released(once: Path, tmp_path: Path, regime: Regime, monkeypatch: pytest.MonkeyPatch) -> Regime:
    """The command on a copy of them."""
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    settings = street(tmp_path, SYMBOLS)
    monkeypatch.setenv("REGIME_DATA_ROOT", str(settings.data_root))
    monkeypatch.setenv("REGIME_FILES_ROOT", str(settings.files_root))
    return regime


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_table_has_the_states_of_then_though_a_symbol_changed(
    released: Regime, tmp_path: Path
) -> None:
    ended = released("snapshot", "export", "before", "--csv")
    again = released("snapshot", "export", "before", "--csv", "--output", "golden.csv")
    over = released("snapshot", "export", "before", "--csv", "--output", "golden.csv")

    rows = _rows(ended.out)
    assert (ended.code, again.code, over.code) == (0, 0, 2)
    assert (tmp_path / "golden.csv").read_text() == ended.out
    assert [(row["symbol"], row["timeframe"], row["bars"]) for row in rows] == [
        (name, "1day", "420") for name in SYMBOLS
    ]
    folder = RunWorkspace.open().root
    for row in rows:
        states = read_table(folder.symbol(row["symbol"]).compute_db, "state_history")
        (state,) = states.filter(
            states["ts"].dt.strftime("%Y-%m-%dT%H:%M:%SZ") == row["asof"]
        ).rows(named=True)
        assert row["last"] == row["asof"]
        assert (row["regime"], row["bucket"]) == (state["regime_label"], state["escalation_bucket"])
        assert (float(row["price"]), float(row["confidence"])) == (
            state["price"],
            state["confidence"],
        )


def test_a_diff_names_every_value_with_its_size_and_ends_with_1(released: Regime) -> None:
    released("snapshot", "export", "before", "--csv", "--output", "golden.csv")
    golden_json = released("snapshot", "export", "before", "--csv", "--json").out
    Path("golden.json").write_text(golden_json)
    same = released("snapshot", "diff", "before", "golden.csv")
    words = ("--json", *NOW)

    sides = ("before", "golden.csv", "golden.json")
    documents = [document_of(released("snapshot", "diff", side, *words)) for side in sides]
    shown = released("snapshot", "diff", "before", *NOW)
    wide = document_of(released("snapshot", "diff", "golden.csv", "--tolerance", "1e9", *words))

    assert (same.code, shown.code) == (0, 1)
    assert "0 symbols changed, 3 unchanged" in same.err
    changes = {change["column"]: change for change in documents[0]["changes"]}
    assert changes["bars"]["size"] == 1.0
    assert changes["price"]["size"] == changes["price"]["after"] - changes["price"]["before"] != 0
    assert {"last", "asof", "states", "bars_digest", "results_digest"} <= changes.keys()
    assert {change["symbol"] for change in documents[0]["changes"]} == {"AAA"}
    assert [document["changes"] for document in documents] == [documents[0]["changes"]] * 3
    assert [document["exit_code"] for document in documents] == [1, 1, 1]
    assert documents[0]["changed"][0]["causes"][0]["what"] == "bars"
    assert "AAA     1day       bars" in shown.out
    # a tolerance is for numbers of the market: counts and times are compared as before
    assert {change["column"] for change in wide["changes"]} & {"price", "escalation"} == set()
    assert {"bars", "states", "last", "asof"} <= {change["column"] for change in wide["changes"]}
    assert not {"bars_digest", "results_digest"} & {change["column"] for change in wide["changes"]}


def _edited(rows: list[dict[str, str]], **values: str) -> str:
    rows[0].update(values)
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_a_snapshot_is_found_though_it_is_called_like_a_file(released: Regime) -> None:
    run = RunWorkspace.open()
    (summary,) = snapshots(run.root)
    by_file = released("snapshot", "diff", summary.file, "before")
    released("snapshot", "take", "--name", "release.csv", *NOW)
    by_name = released("snapshot", "diff", "release.csv", *NOW)
    document = document_of(released("snapshot", "diff", summary.file, "--json", *NOW))
    other = released("snapshot", "export", "before", "--csv", "--output", "golden.json")

    assert (by_file.code, by_name.code, other.code) == (0, 0, 2)
    assert "error[unknown-format]" in other.err
    assert not Path("golden.json").exists()
    (bars,) = (each for each in document["changes"] if each["column"] == "bars")
    assert [type(bars[name]) for name in ("before", "after", "size")] == [int, int, float]


def test_a_golden_value_off_by_a_little_is_within_the_tolerance(released: Regime) -> None:
    rows = _rows(released("snapshot", "export", "before", "--csv").out)
    price = float(rows[0]["price"])
    Path("golden.csv").write_text(_edited(rows, price=repr(price + 0.25)))

    def diff(*words: str) -> Ended:
        return released("snapshot", "diff", "golden.csv", "before", *words)

    exact, close, far = diff("--json"), diff("--tolerance", "0.3"), diff("--tolerance", "0.2")

    assert (exact.code, close.code, far.code) == (1, 0, 1)
    (change,) = document_of(exact)["changes"]
    assert (change["symbol"], change["column"]) == ("AAA", "price")
    assert change["size"] == pytest.approx(-0.25)


def test_states_that_cannot_be_had_are_not_called_equal(released: Regime) -> None:
    released("snapshot", "export", "before", "--csv", "--output", "golden.csv")
    for part in (Path("data/assets/AAA/raw")).rglob("*.parquet"):
        part.unlink()

    table = released("snapshot", "export", "before", "--csv")
    diff = released("snapshot", "diff", "golden.csv", "before")

    rows = {row["symbol"]: row for row in _rows(table.out)}
    assert (table.code, diff.code) == (3, 3)
    assert (rows["AAA"]["status"], rows["AAA"]["regime"]) == ("unknown", "")
    assert rows["AAA"]["bars"] == "420"
    assert rows["BBB"]["regime"]
    assert "the states of AAA are not known" in diff.err


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("none.csv", None, "cannot be read"),
        ("other.csv", "a,b\n1,2\n", "lacks the columns symbol"),
        ("torn.json", '{"rows": [', "is no release table"),
        ("list.json", "[]", "is no release table"),
    ],
)
def test_another_file_is_refused(regime: Regime, name: str, text: str | None, words: str) -> None:
    if text is not None:
        Path(name).write_text(text)

    ended = regime("snapshot", "diff", name)

    assert ended.code == 2
    assert words in ended.err


def test_a_symbol_without_results_has_a_row_with_the_reason_and_no_formula(
    released: Regime, tmp_path: Path
) -> None:
    settings = street(tmp_path, [*SYMBOLS, "DDD"])
    run = Scenario(settings, RunWorkspace.open(settings))
    taken = take_snapshot(run.workspace, run.now.date(), run.now)
    entry: Any = taken.facts.symbols["DDD"].model_copy(update={"reason": "=HYPERLINK(1)"})
    facts = taken.facts.model_copy(update={"symbols": {"DDD": entry}})

    table = release_table(run.workspace, facts, run.now)

    assert table.select("symbol", "timeframe", "status").row(0) == ("DDD", "", "no_bars")
    (row,) = _rows(release_csv(table))
    assert [*row] == table.columns
    assert row["reason"] == "'=HYPERLINK(1)"
    assert [change.column for change in compare(table, table[:0]).changes] == ["row"]
    assert released("snapshot", "take", "--name", "now").code == 2
