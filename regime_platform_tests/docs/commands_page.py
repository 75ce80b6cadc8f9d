"""docs/reference/commands.md: every command with its options, from the table of commands."""

import re
from collections.abc import Iterator

from regime_platform.cli.commands import PANELS
from regime_platform.cli.console.lazy_group import Command, Entry, load
from regime_platform_tests.docs.tables import Row, table

_HEAD = """# Commands

Every command of `regime`, as `regime COMMAND --help` shows it. Commands take one symbol or several
of them in any case, ranges `A...C`, and files of symbols. `--json` prints one JSON document on
standard output; notes and warnings go to standard error. `regime --install-completion` completes
commands, options and symbols in the shell, `regime --version` shows version and engine.

| exit code | meaning |
| --- | --- |
| 0 | success |
| 1 | nothing succeeded, or the command itself failed; `regime validate`: a symbol does not pass |
| 2 | wrong usage |
| 3 | some symbols failed and the others are done, or the gate blocks some series of one symbol |
| 130 | interrupted by Ctrl-C |

`regime status --check` has codes of its own, for monitors (`docs/operations.md`)."""
_LISTED = re.compile(r"<list\[")


def commands_page() -> str:
    """The page, commands in the order of the help."""
    return "\n\n".join([_HEAD, *_panels()]) + "\n"


def _panels() -> Iterator[str]:
    yield table(("panel", "commands"), [_linked(*panel) for panel in PANELS.items()])
    for title, panel in PANELS.items():
        yield f"## {title}"
        for name, entry in panel.items():
            yield from _entry(name, entry)


def _linked(title: str, panel: dict[str, Entry]) -> Row:
    return title, ", ".join(f"[{name}](#regime-{name})" for name in panel)


def _entry(name: str, entry: Entry) -> Iterator[str]:
    if isinstance(entry, Command):
        yield from _command(name, "###", entry, ())
        return
    default = f" Without a command: `{entry.default}`." if entry.default else ""
    yield f"### regime {name}\n\n{entry.help}{default}"
    for word, command in entry.commands.items():
        yield from _command(word, "####", command, (name,))


def _command(name: str, mark: str, entry: Command, group: tuple[str, ...]) -> Iterator[str]:
    words = " ".join((*group, name))
    yield f"{mark} regime {words}\n\n{entry.help}\n\n    {entry.example}"
    command = load(name, entry)
    context = command.make_context(name, [], resilient_parsing=True)
    records = [param.get_help_record(context) for param in command.params]
    if rows := [_option(*record) for record in records if record is not None]:
        yield table(("argument or option", "meaning"), rows)


def _option(form: str, meaning: str) -> Row:
    return f"`{_LISTED.sub('<', form).replace(']>', '>')}`", " ".join(meaning.split())
