"""docs/sql.md: its queries run, its columns exist, its script works in any client."""

import re

import duckdb
import pytest

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import PROJECT_ROOT
from regime_platform.sql_views.relations import BARS, BOARD, FINDINGS, UNIVERSE, VIEWS
from regime_platform.sql_views.views import open_views

_TEXT = (PROJECT_ROOT / "docs/sql.md").read_text()
_QUERIES = re.findall(r"```sql\n(.*?)```", _TEXT, flags=re.DOTALL)


def test_every_query_has_an_answer(processed: RunWorkspace) -> None:
    assert len(_QUERIES) == 10
    with open_views(processed) as views:
        answers = [views.sql(query).fetchall() for query in _QUERIES]
    assert all(answers)


@pytest.mark.parametrize("view", [BOARD, FINDINGS, UNIVERSE])
def test_every_column_is_described(view: str) -> None:
    table = re.search(rf"\| column of `{view}` .*?\n\n", _TEXT, flags=re.DOTALL)
    assert table is not None
    cells = re.findall(r"^\| ([a-z_, ]+) \|", table[0], flags=re.MULTILINE)

    assert sorted(", ".join(cells).split(", ")) == sorted(VIEWS[view])


def test_every_view_is_described() -> None:
    assert re.findall(r"^\| `(\w+)` \| ", _TEXT, flags=re.MULTILINE) == [*VIEWS]
    assert f"| {', '.join(VIEWS[BARS]).replace('ts,', 'ts (its open),')} |" in _TEXT


def test_the_script_makes_the_same_views_in_another_client(processed: RunWorkspace) -> None:
    with open_views(processed) as views, duckdb.connect() as client:
        client.execute((processed.root.sql / "views.sql").read_text())
        for view in VIEWS:
            count = f"SELECT count(*) FROM {view}"  # noqa: S608 - own names
            assert client.sql(count).fetchall() == views.sql(count).fetchall()
