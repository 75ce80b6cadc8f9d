"""What every reader answers about a data root, and all that is stored once work is finished."""

import contextlib
import io
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from unittest.mock import patch

import polars as pl

import regime_platform as rp
from regime_platform.api.caveats import AnswerWarning
from regime_platform.api.store import Store
from regime_platform.audit.verify.verify import verify
from regime_platform.cli.main import main
from regime_platform.compute_db.board import read_board
from regime_platform.errors import RegimeError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.chaos.kills.faulty_child import environment_of
from regime_platform_tests.conftest import NOW

Answers = Mapping[str, str]

ERROR = "error: "
_QUERY = "SELECT symbol, count(*) AS bars, max(ts) AS last FROM bars GROUP BY ALL ORDER BY ALL"
_OF_NEWER_BARS = ("symbol", "due_bar", "missing", "is_stale", "held_back", "results_pending")
_FETCHED = re.compile(r"\d{8}T\d{6}Z(-[0-9a-f]{8})?")
#: Files that differ from run to run, or that no answer depends on.
_UNCOMPARED = ("dagster", "proven", "sql", "report", "charts", "assets/.cache")


def command(folder: Path, *words: str) -> tuple[int, str]:
    """Exit code and output of the command line over a data root, run in this process."""
    output = io.StringIO()
    with (
        patch.dict(os.environ, environment_of(folder), clear=True),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        try:
            main(words)
        except SystemExit as ended:
            return int(ended.code or 0), output.getvalue()


def answers(folder: Path) -> Answers:
    """What each reader answers; an error by its message, which begins with ``error:``."""
    with (
        patch.dict(os.environ, environment_of(folder), clear=True),
        warnings.catch_warnings(action="ignore", category=AnswerWarning),
    ):
        return dict(_answers(folder / "data"))


def damages(folder: Path) -> list[str]:
    """Findings of `verify` that not even a killed run may leave."""
    with patch.dict(os.environ, environment_of(folder), clear=True):
        workspace = RunWorkspace.open(Settings(_env_file=None))
        return [
            f"{instrument.symbol} {finding.kind.value} {finding}"
            for instrument in workspace.universe.instruments
            for finding in verify(workspace, instrument).findings
            if finding.kind.is_damage
        ]


def settled(folder: Path) -> Answers:
    """All answers, the proof of each symbol, the board and the names of all files."""
    with patch.dict(os.environ, environment_of(folder), clear=True):
        root = folder / "data"
        workspace = RunWorkspace.open(Settings(_env_file=None))
        proofs = {
            f"proof of {instrument.symbol}": _proof(workspace, instrument.symbol)
            for instrument in workspace.universe.instruments
        }
        board, has_sql = read_board(workspace.root), workspace.root.sql.exists()
        files = sorted(
            _FETCHED.sub("*", str(path.relative_to(root)))
            for path in root.rglob("*")
            if not path.name.endswith(".lock")
            and path.is_file()
            and not str(path.relative_to(root)).startswith(_UNCOMPARED)
            and "set_aside" not in path.parts
        )
        return {
            **answers(folder),
            **proofs,
            "board file": board.drop("made_from").write_ndjson(),
            "universe": (root / "universe.yaml").read_text(),
            "files": "\n".join(files),
            **({"sql": _asked(partial(rp.open(root).sql, _QUERY))} if has_sql else {}),
        }


def _answers(root: Path) -> Iterator[tuple[str, str]]:
    store = rp.open(root)
    for symbol in store.symbols()["symbol"]:
        yield f"state of {symbol}", _asked(partial(_results, store, symbol))
        yield f"bars of {symbol}", _asked(partial(_bars, store, symbol))
    try:
        rows = store.board(by_timeframe=True, now=NOW)
    except RegimeError as error:
        yield "board", f"{ERROR}{error}"
    else:
        for row in rows.iter_rows(named=True):
            yield f"board of {row['symbol']} {row['timeframe']}", str(row)


def _bars(store: Store, symbol: str) -> pl.DataFrame:
    return store.bars(symbol, "1day").collect()


def _results(store: Store, symbol: str) -> pl.DataFrame:
    """The states alone, without what is known of newer bars, which a command may have promoted."""
    return store.state(symbol, now=NOW).drop(*_OF_NEWER_BARS, strict=False)


def _asked(ask: Callable[[], pl.DataFrame]) -> str:
    try:
        return ask().write_ndjson()
    except RegimeError as error:
        return f"{ERROR}{error}"


def _proof(workspace: RunWorkspace, symbol: str) -> str:
    proof = verify(workspace, workspace.universe.instrument(symbol))
    return f"{proof.result} {proof.reason} {proof.digests}"
