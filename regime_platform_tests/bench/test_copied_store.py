"""The store of the bench of SQL has what its queries ask for."""

from pathlib import Path

import pytest

from regime_platform.compute_db.reader import require_proven_file
from regime_platform.sql_views.run import answer
from regime_platform_tests.bench.copied_store import change_last, copied_store
from regime_platform_tests.bench.sql import NOW, QUERIES
from regime_platform_tests.bench.unattended_store import Size


@pytest.mark.long
def test_every_query_of_the_bench_has_an_answer_on_a_small_store(tmp_path: Path) -> None:
    workspace = copied_store(tmp_path / "data", Size(1, 3, 0.01), NOW)
    count = "SELECT symbol, count(*) FROM state_history GROUP BY ALL ORDER BY ALL"

    for query in (*QUERIES.values(), count):
        assert answer(workspace, query).total > 0
    before = dict(answer(workspace, count).rows.iter_rows())
    first, *others = workspace.universe.symbols
    change_last(tmp_path / "data", 1)

    now = dict(answer(workspace, count).rows.iter_rows())
    assert {name: now[name] for name in others} == {name: before[name] for name in others}
    assert before[first] - len(workspace.universe.instrument(first).timeframes) <= now[first]
    assert now[first] < before[first]
    require_proven_file(workspace.root.symbol(first).compute_db)
