"""The parts of a running platform, as one operator sees them."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import dagster as dg

from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings
from regime_platform_tests.end_to_end.daemon import Daemon
from regime_platform_tests.end_to_end.graphql import GraphQL
from regime_platform_tests.end_to_end.market import SYMBOLS
from regime_platform_tests.end_to_end.truth import expected, witnesses
from regime_platform_tests.vendor import LoopbackVendor

Command = Callable[..., tuple[int, Any]]


@dataclass(frozen=True)
class Platform:
    """What an operator can use and look at.

    Attributes:
        command: runs a command of the CLI with --json; gives its exit code and document.
    """

    settings: Settings
    instance: dg.DagsterInstance
    vendor: LoopbackVendor
    daemon: Daemon
    graphql: GraphQL
    command: Command

    def ask(self, *arguments: str) -> Any:
        """The document of a command, however it ended."""
        return self.command(*arguments)[1]

    def differences(self, without: Collection[str] = (), **others: str) -> list[str]:
        """Where a witness says else of a symbol than ``others`` does, or than that it is good.

        ``without``: witnesses that cannot know yet.
        """
        answers = witnesses(self.settings.data_root, self.ask, self.graphql, SYMBOLS)
        return [
            f"{witness} of {symbol}: {words.get(symbol)}, not {wanted}"
            for witness, words in answers.items()
            for symbol in SYMBOLS
            if witness not in without
            and words.get(symbol) != (wanted := expected(witness, others.get(symbol, "")))
        ]

    def reason(self, stage: Stage, check: str, symbol: str) -> str:
        """What the latest result of a check says in the UI."""
        return str(self.graphql.check(stage, check, symbol)["evaluation"]["description"])

    def alert_lines(self) -> list[str]:
        """The lines of all alerts."""
        path = self.settings.data_root / "dagster/notices.jsonl"
        return [
            line for text in path.read_text().splitlines() for line in json.loads(text)["lines"]
        ]
