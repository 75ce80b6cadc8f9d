"""Every command has help, and the list of commands shows it."""

import pytest

from regime_platform.cli.commands import PANELS, Entry
from regime_platform.cli.main import load
from regime_platform_tests.cli.conftest import Regime

VERBS = (
    "Accept Add Check Compile Compute Copy Detect Exclude Explain Fetch Import List Merge Migrate "
    "Print Put Recompute Remove Rename Resolve Restore Run Set Show Start Stop Take Validate "
    "Verify Withdraw Write"
)

ENTRIES = [entry for entries in PANELS.values() for entry in entries]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_command_and_every_option_has_help(regime: Regime, entry: Entry) -> None:
    ended = regime(entry.name, "--help")

    assert ended.code == 0
    assert "Usage: regime" in ended.out
    unexplained = [line for line in ended.out.splitlines() if line.strip(" │").endswith(">")]
    assert unexplained == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_list_of_commands_shows_the_help_of_each(entry: Entry) -> None:
    assert load(entry).help.startswith(entry.help)


def test_help_is_imperative() -> None:
    helps = [entry.help for entry in ENTRIES]
    helps += [
        command.help
        for entry in ENTRIES
        for command in getattr(load(entry), "commands", {}).values()
    ]

    verbs = {text.split()[0].rstrip(",") for text in helps}

    assert verbs <= set(VERBS.split(" "))
