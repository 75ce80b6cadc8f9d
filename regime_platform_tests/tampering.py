"""Changes stored bars, results and manifests at random places, and compares what that did.

What a change did is validated without the platform's own verification: by comparing what can be
read before and after. A flipped bit in a part of a database that nothing reads changes nothing.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.parquet import decode, encode
from regime_platform.model.result_schema import TABLES

_ALL = (*TABLES, "content_blocks", "schema_version")


@dataclass(frozen=True)
class Tampered:
    """One change: how, to which file, and the bytes from before."""

    how: str
    path: Path
    before: bytes

    @property
    def kind(self) -> str:
        """What the file is one of."""
        if self.path.name == "compute.db":
            return "compute.db"
        return "bars" if self.path.suffix == ".parquet" else "manifests"

    def undo(self) -> None:
        """Puts everything back as it was."""
        self.path.write_bytes(self.before)
        self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)


def tamper(paths: SymbolPaths, chance: random.Random) -> Tampered:
    """Changes something of a symbol, so that a stored value differs or a file cannot be read."""
    while True:
        kind = chance.choice(sorted(_FILES))
        path = chance.choice(_FILES[kind](paths))
        before = path.read_bytes()
        ways = {"flip": _flip, "truncation": _truncate, "value": _VALUE[kind]}
        how = chance.choice(sorted(ways))
        ways[how](path, chance)
        done = Tampered(how, path, before)
        if _is_felt(done):
            return done
        done.undo()


def _bars(paths: SymbolPaths) -> list[Path]:
    return sorted(paths.folder.glob("bars/*/*.parquet"))


def _manifests(paths: SymbolPaths) -> list[Path]:
    return [paths.manifest, paths.compute_manifest, paths.chain]


_FILES: dict[str, Callable[[SymbolPaths], list[Path]]] = {
    "bars": _bars,
    "compute.db": lambda paths: [paths.compute_db],
    "manifests": _manifests,
}


def _flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(data))


def _truncate(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])


def _other_bar(path: Path, chance: random.Random) -> None:
    """A sound Parquet file in which one value is another."""
    bars, facts = decode(path.read_bytes(), path.name)
    name, row = chance.choice(bars.columns[1:]), chance.randrange(bars.height)
    here = pl.int_range(pl.len()) == row
    other = pl.when(here).then(pl.col(name).fill_null(0.0) * 1.0000001 + 1e-9)
    path.write_bytes(encode(bars.with_columns(other.otherwise(pl.col(name)).alias(name)), facts))


def _other_result(path: Path, chance: random.Random) -> None:
    """A sound database in which one value is another, or a row is gone or there twice."""
    with duckdb.connect(path) as connection:
        table = chance.choice(_ALL)
        rows = connection.execute(f'SELECT rowid FROM "{table}"').fetchall()  # noqa: S608
        row = chance.choice(rows)[0]
        if chance.random() < 0.1:
            connection.execute(f'DELETE FROM "{table}" WHERE rowid = {row}')  # noqa: S608
        elif chance.random() < 0.1:
            twice = f'SELECT * FROM "{table}" WHERE rowid = {row}'  # noqa: S608
            connection.execute(f'INSERT INTO "{table}" {twice}')
        else:
            _other_cell(connection, table, row, chance)


def _other_cell(
    connection: duckdb.DuckDBPyConnection, table: str, row: int, chance: random.Random
) -> None:
    columns = connection.execute(f'DESCRIBE "{table}"').fetchall()
    name, dtype = chance.choice(columns)[:2]
    if dtype.startswith("ENUM"):
        words = [word.strip(" '") for word in dtype[5:-1].split(",")]
        other = f"CASE WHEN \"{name}\" = '{words[0]}' THEN '{words[-1]}' ELSE '{words[0]}' END"
    elif dtype == "VARCHAR":
        other = f"\"{name}\" || 'x'"
    elif dtype == "BOOLEAN":
        other = f'NOT "{name}"'
    elif dtype == "TIMESTAMP":
        other = f'"{name}" + INTERVAL 1 MICROSECOND'
    else:
        other = f'coalesce("{name}", 0) + 1'
    change = f'UPDATE "{table}" SET "{name}" = {other} WHERE rowid = {row}'  # noqa: S608
    connection.execute(change)


def _other_word(path: Path, chance: random.Random) -> None:
    """Sound JSON in which one value is another."""
    lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    number = chance.randrange(len(lines))
    document = json.loads(lines[number])
    holder, key = chance.choice(_leaves(document))
    value = holder[key]
    holder[key] = value + 1 if isinstance(value, int) else f"{value}x"
    is_chain = path.suffix == ".jsonl"
    lines[number] = json.dumps(document, indent=None if is_chain else 2)
    path.write_text("".join(f"{line}\n" for line in lines))


def _leaves(node: Any) -> list[tuple[Any, Any]]:
    """Every place of a document that holds a plain value."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    return [
        place
        for key, value in items
        for place in (_leaves(value) if isinstance(value, dict | list) else [(node, key)])
    ]


_VALUE: dict[str, Callable[[Path, random.Random], None]] = {
    "bars": _other_bar,
    "compute.db": _other_result,
    "manifests": _other_word,
}


def _is_felt(done: Tampered) -> bool:
    """True where what can be read is not what could be read before."""
    if done.path.read_bytes() == done.before:
        return False
    if done.kind != "compute.db" or done.how == "value":
        return True  # a file of text or bars is part of what was promised to the last byte
    twin = done.path.with_name("before.db")
    twin.write_bytes(done.before)
    try:
        return _readable(done.path) != _readable(twin)
    except duckdb.Error:
        return True
    finally:
        twin.unlink()


def _readable(path: Path) -> list[Any]:
    with duckdb.connect(path, read_only=True) as connection:
        views = connection.execute("SELECT sql FROM duckdb_views() WHERE NOT internal").fetchall()
        rows = [
            sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"').fetchall()))  # noqa: S608
            for name in _ALL
        ]
    return [views, rows]
