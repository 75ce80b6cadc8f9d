"""Every command has help, an example and, where it prints, --json; modules wait until called."""

import shlex

import pytest

from regime_platform.cli.commands import PANELS
from regime_platform.cli.console.lazy_group import Command, Entry, Group, LazyGroup, load
from regime_platform_tests.cli.conftest import Regime

VERBS = (
    "Accept Add Adjust Check Compare Compile Compute Copy Detect Exclude Explain Fetch Import List "
    "Merge Migrate Print Put Recompute Record Remove Rename Resolve Restore Run Send Set Show "
    "Start Stop Take Validate Verify Withdraw Write"
)
#: Commands that print no answer.
WITHOUT_JSON = {
    "ui": "is replaced by Dagster's webserver",
    "service daemon": "is replaced by Dagster's daemon",
    "service webserver": "is replaced by Dagster's webserver",
}

TOP = {name: entry for panel in PANELS.values() for name, entry in panel.items()}
COMMANDS: dict[str, Command] = {}
for _name, _entry in TOP.items():
    if isinstance(_entry, Group):
        COMMANDS |= {f"{_name} {name}": command for name, command in _entry.commands.items()}
    else:
        COMMANDS[_name] = _entry
ENTRIES: dict[str, Entry] = {**TOP, **COMMANDS}


@pytest.mark.parametrize("words", ENTRIES)
def test_every_command_and_every_option_has_help(regime: Regime, words: str) -> None:
    ended = regime(*words.split(), "--help")

    assert ended.code == 0
    assert f"Usage: regime {words}" in ended.out
    printed = " ".join(ended.out.split())
    assert " ".join(ENTRIES[words].help.split()) in printed
    default = getattr(ENTRIES[words], "default", "")
    assert (f"Without a command: {default}." in printed) is bool(default)
    unexplained = [line for line in ended.out.splitlines() if line.strip(" │").endswith(">")]
    assert unexplained == []


@pytest.mark.parametrize("words", COMMANDS)
def test_the_example_of_a_command_is_in_its_help_and_can_be_parsed(
    regime: Regime, words: str
) -> None:
    command = COMMANDS[words]
    _, *arguments = shlex.split(command.example)
    group, *rest = arguments
    entry = TOP[group]
    loaded = load(group, entry)
    if isinstance(loaded, LazyGroup) and isinstance(entry, Group):
        name = rest.pop(0) if rest and rest[0] in entry.commands else entry.default
        assert f"{group} {name}" == words
        loaded = load(name, entry.commands[name])

    assert f"Example: {command.example}" in regime(*words.split(), "--help").out
    loaded.make_context(words, rest)


@pytest.mark.parametrize("words", sorted(COMMANDS.keys() - WITHOUT_JSON.keys()))
def test_every_command_that_prints_has_json(words: str) -> None:
    command = load(words, COMMANDS[words])

    assert [option for option in command.params if "--json" in option.opts]


def test_help_is_imperative() -> None:
    assert {entry.help.split()[0].rstrip(",") for entry in ENTRIES.values()} <= set(VERBS.split())
