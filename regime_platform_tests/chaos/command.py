"""Commands in this process, by a clock that stands still unless somebody sleeps or moves it."""

import datetime as dt
import io
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any
from unittest import mock

import time_machine

from regime_platform.cli.main import main
from regime_platform.json_text import load_json
from regime_platform.sources import registry


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    words: tuple[str, ...]
    code: object
    out: str
    err: str

    @property
    def document(self) -> Mapping[str, Any]:
        """What it printed with --json; an error where that is no document."""
        document = load_json(self.out.encode())
        if not isinstance(document, dict):
            raise TypeError(f"{self.words}: no JSON object")
        return document

    @property
    def shown(self) -> str:
        """All that it printed."""
        return self.out + self.err


def command(*words: str) -> Ended:
    """Runs `regime` with the given words."""
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(words)
        except SystemExit as ended:
            code = ended.code
    return Ended(words, code, out.getvalue(), err.getvalue())


@contextmanager
def clock_at(start: dt.datetime) -> Iterator[time_machine.Traveller]:
    """The machine's clock at ``start``; who sleeps moves it, and no time passes else."""
    with time_machine.travel(start, tick=False) as clock:

        def sleep(seconds: float) -> None:
            clock.shift(seconds)

        waits = mock.patch.dict(registry.build_sources.__kwdefaults__, {"sleep": sleep})
        with mock.patch.object(time, "sleep", sleep), waits:
            yield clock


@contextmanager
def environment(**values: object) -> Iterator[None]:
    """The settings of the commands within, and no others."""
    names = ("REGIME_", "TWELVEDATA_", "DAGSTER_")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(names)}
    given = {name: str(value) for name, value in values.items()}
    with mock.patch.dict(os.environ, {**kept, "COLUMNS": "200", **given}, clear=True):
        yield
